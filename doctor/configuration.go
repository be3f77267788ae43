package doctor

import (
	"time"

	"sexton/service"
)

// How long the runtimes wait by default between their stop signal and KILL:
// docker stop -t, terminationGracePeriodSeconds.
const (
	dockerGrace     = 10 * time.Second
	kubernetesGrace = 30 * time.Second
)

// configuration looks at the file, and compares its grace with the time that the runtimes give.
func (e *examination) configuration() {
	e.add(e.Config.Topic, e.Config.Verdict, e.Config.Text, e.Config.Fix)
	if e.Plan == nil {
		return
	}
	from := "from the file, or the default"
	if e.Getenv("SEXTON_GRACE") != "" {
		from = "from SEXTON_GRACE"
	}
	grace := e.Plan.Init.Grace
	const unseen = "; the time that this container really gets cannot be seen from inside"
	switch {
	case grace > kubernetesGrace:
		e.addf("grace", Note, "set docker run --stop-timeout, stop_grace_period or terminationGracePeriodSeconds to "+service.Span(grace)+" or more",
			"%s (%s) is longer than the default of Docker (%v) and of Kubernetes (%v)%s", service.Span(grace), from, dockerGrace, kubernetesGrace, unseen)
	case grace > dockerGrace:
		e.addf("grace", Note, "with Docker, set docker run --stop-timeout or stop_grace_period to "+service.Span(grace)+" or more",
			"%s (%s) fits the default of Kubernetes (%v), but is longer than that of Docker (%v)%s", service.Span(grace), from, kubernetesGrace, dockerGrace, unseen)
	default:
		e.addf("grace", Verified, "", "%s (%s) fits the defaults of Docker (%v) and Kubernetes (%v)%s", service.Span(grace), from, dockerGrace, kubernetesGrace, unseen)
	}
	if e.Plan.Init.Drain.Max > 0 && e.Plan.Health.Listen == "" && e.Plan.Control.Off {
		e.add("drain", Failed, "the file has a drain, but sexton cannot report that the container is not ready: there is neither [health] listen nor a control socket", "set [health] listen")
	}
}
