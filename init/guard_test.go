package pid1

import (
	"context"
	"strings"
	"testing"
	"time"

	"sexton/proc"
	"sexton/service"
)

// clumsy is an owner whose preparations panic.
type clumsy struct{ Fixed }

func (clumsy) Prepare(context.Context, *service.Spec, service.Run) (bool, error) {
	panic("no such line")
}

// A fault in what works beside the loop is the failure of that one attempt: the other services run on, and the
// container stops in good order.
func TestPanicsBesideTheLoopEndOneAttempt(t *testing.T) {
	prepared, probed, looked := gentle("prepared"), gentle("probed"), gentle("looked")
	prepared.Prepare, prepared.Restart = true, service.Never
	probed.Ready = service.Probe{Kind: service.TCPProbe, Target: "127.0.0.1:80", Every: time.Second, Timeout: time.Second}
	looked.Ready = service.Probe{Kind: service.FileProbe, Target: "/run/looked", Every: time.Second, Timeout: time.Second}
	for _, s := range []*service.Spec{&prepared, &probed, &looked} {
		s.ShutdownOn = service.NoShutdown
	}
	play(t, func(s *scene) {
		s.config.Verbose = true
		s.config.Owner = clumsy{byCommand}
		s.config.Check = func(context.Context, service.Probe, *service.FileMark) error { panic("no such answer") }
		s.config.LookAt = func(context.Context, string) (service.FileMark, error) { panic("no such file") }
		s.signal(3*time.Second, proc.TERM)
	}, func(s *scene) {
		if s.status != 0 {
			t.Errorf("the container ended with status %d", s.status)
		}
		said := strings.Join(s.lines, "\n")
		for _, want := range []string{
			"prepared: cannot start: internal error: no such line; please report it",
			"internal error: no such answer; please report it",
			"cannot look at /run/looked before the start: internal error: no such file; please report it",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("nothing says %q", want)
			}
		}
		s.expectSent(t, "3s TERM to web", "web")
	}, prepared, probed, looked, gentle("web"))
}

// A service may make any number of processes in groups of their own, whose end we do not see. What we remember of
// them does not grow with their number.
func TestWhatIsRememberedOfProcessesIsBounded(t *testing.T) {
	play(t, func(s *scene) {
		s.at(time.Second, func() {})
		s.signal(2*time.Second, proc.TERM)
	}, func(s *scene) {
		for pid := proc.PID(1000); pid < 100_000; pid++ {
			s.p.remember(kinsman{Other: proc.Other{PID: pid}, handle: s.p.handles["web"]})
		}
		if n := len(s.p.kin); n > kinMost {
			t.Errorf("%d processes are remembered that have ended", n)
		}
	}, gentle("web"))
}
