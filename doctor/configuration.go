package doctor

import (
	"time"

	"sexton/service"
)

// What the runtimes wait between their stop signal and KILL, unless told
// otherwise: docker stop -t, terminationGracePeriodSeconds.
const (
	dockerGrace     = 10 * time.Second
	kubernetesGrace = 30 * time.Second
)

// configuration: the file, and its grace against what the runtimes give.
func (e *examination) configuration() {
	e.add(e.Config.Topic, e.Config.Verdict, e.Config.Text, e.Config.Mend)
	if e.Plan == nil {
		return
	}
	from := "of the file, or the default"
	if e.Getenv("SEXTON_GRACE") != "" {
		from = "of SEXTON_GRACE"
	}
	grace := e.Plan.Init.Grace
	const unseen = "; what this container really gets cannot be seen from inside"
	switch {
	case grace > kubernetesGrace:
		e.addf("grace", Note, "docker run --stop-timeout, stop_grace_period, terminationGracePeriodSeconds: "+service.Span(grace)+" or more",
			"%s (%s) is more than Docker's default of %v and Kubernetes' of %v%s", service.Span(grace), from, dockerGrace, kubernetesGrace, unseen)
	case grace > dockerGrace:
		e.addf("grace", Note, "with Docker, docker run --stop-timeout or stop_grace_period: "+service.Span(grace)+" or more",
			"%s (%s) fits Kubernetes' default of %v, and is more than Docker's of %v%s", service.Span(grace), from, kubernetesGrace, dockerGrace, unseen)
	default:
		e.addf("grace", Verified, "", "%s (%s) fits the defaults of Docker (%v) and Kubernetes (%v)%s", service.Span(grace), from, dockerGrace, kubernetesGrace, unseen)
	}
	if e.Plan.Init.Drain.Max > 0 && e.Plan.Health.Listen == "" && e.Plan.Control.Off {
		e.add("drain", Failed, "there is a drain, but nobody can hear that the container is not ready: neither [health] listen nor the control socket", "set [health] listen")
	}
}
