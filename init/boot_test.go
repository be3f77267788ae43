package pid1

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// deafKernel is a kernel that does not tell of deaths.
type deafKernel struct{ *simkernel.Sim }

func (deafKernel) Peek() (proc.Dead, bool, bool, error) {
	return proc.Dead{}, false, false, errors.New("waitid: operation not permitted")
}

// Nothing is started where we could not see the end of a process, and a line says why,
// also to the one that wants to know the end.
func TestNothingIsStartedWithoutSIGCHLD(t *testing.T) {
	var told service.Summary
	play(t, func(s *scene) {
		s.config.Kernel = deafKernel{s.Sim}
		s.config.Ended = func(sum service.Summary, within time.Duration) { told = sum }
	}, func(s *scene) {
		const why = "nothing was started: sexton could not see the end of a process: waitid: operation not permitted; allow the system call in the seccomp profile"
		s.expectSaid(t, ": "+why, "")
		if s.status != exitInternal || len(s.Spawned()) > 0 || told.Status != exitInternal || told.Reason != why {
			t.Errorf("status %d, %d starts, told %+v", s.status, len(s.Spawned()), told)
		}
	}, gentle("web"))
}

// Before the first start, services have their threads and their first number, and nothing
// that we inherited is open. One command starts at once, and gets what we inherited.
func TestWhatComesBeforeTheFirstStart(t *testing.T) {
	for _, c := range []struct {
		subreaper, oneCommand bool
		lives                 time.Duration
		want                  string
	}{
		{false, false, time.Second, "LeaveNothingOpen|ReserveThreads 6|SkipTo 32|Spawn web|Trim"},
		{true, false, time.Second, "AdoptOrphans|LeaveNothingOpen|ReserveThreads 6|Spawn web|Trim"},
		{false, true, time.Second, "ReserveThreads 1|SkipTo 24|Spawn web|Trim"},
		{true, true, time.Second, "AdoptOrphans|Spawn web|ReserveThreads 1|Trim"},
		{true, true, trimAfter - 1, "AdoptOrphans|Spawn web"},
	} {
		web := gentle("web")
		web.Restart, web.ShutdownOn = service.Never, service.AnyExit
		play(t, func(s *scene) {
			s.Subreaper, s.config.Plan.Init.Main = c.subreaper, "web"
			s.config.Plan.Init.Heir, s.config.Plan.Init.Lean = c.oneCommand, c.oneCommand
			s.habits["web"] = []simkernel.Habit{{Lives: c.lives}}
		}, func(s *scene) {
			expect(t, fmt.Sprintf("calls of %+v", c), s.Calls(), lines(c.want))
			if heir := s.Spawned()[0].Heir; heir != c.oneCommand {
				t.Errorf("%+v: heir %v", c, heir)
			}
		}, web)
	}
}

// Where threads are missing the output is told how many, and services are not started
// without one that reads their output and one that works.
func TestMissingThreads(t *testing.T) {
	for _, c := range []struct {
		threads, lack int
		started       bool
	}{{threads, 0, true}, {threadsLeast, threads - threadsLeast, true}, {threadsLeast - 1, threads - threadsLeast + 1, false}} {
		play(t, func(s *scene) {
			s.Threads = c.threads
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			if started := len(s.Spawned()) > 0; started != c.started || s.lack != c.lack || !started && (s.status != exitInternal || s.lines[0] != ": "+noThreads) {
				t.Errorf("%+v: started %v, lack %d, status %d: %q", c, started, s.lack, s.status, s.lines)
			}
		}, gentle("web"))
	}
}

// Each kind of probe and the look for connections may hold a thread of its own: so many more
// are made, within their bounds.
func TestThePlanSaysHowManyThreads(t *testing.T) {
	probes := func(kind service.ProbeKind, n int) []service.Spec {
		s := make([]service.Spec, n)
		for i := range s {
			s[i].Ready.Kind = kind
		}
		return s
	}
	for _, c := range []struct {
		plan         service.Plan
		more, checks int
	}{
		{service.Plan{}, 0, 0},
		{service.Plan{Services: probes(service.TCPProbe, 3)}, 3, 3},
		{service.Plan{Services: append(probes(service.TCPProbe, 7), probes(service.HTTPProbe, 7)...)}, 8, 8},
		{service.Plan{Services: append(probes(service.FileProbe, 1), probes(service.ExecProbe, 5)...)}, 2, 0},
		{service.Plan{Services: []service.Spec{{Prepare: true}}}, 2, 0},
		{service.Plan{Services: slices.Repeat([]service.Spec{{Prepare: true}}, 20)}, mostPreparations, 0},
		{service.Plan{Services: append(probes(service.FileProbe, 9), probes(service.TCPProbe, 1)...)}, 3, 1},
		{service.Plan{Init: service.Init{Drain: service.Drain{Max: 2, Quiet: 1}}}, 1, 0},
		{service.Plan{Init: service.Init{Drain: service.Drain{Max: 2}}}, 0, 0},
	} {
		if more, checks := planThreads(&c.plan); more != c.more || checks != c.checks {
			t.Errorf("%+v: %d more, %d checks", c, more, checks)
		}
	}
}

// Where orphans cannot be adopted, that is said if it was asked for; where they come by
// themselves, or are not wanted, nothing is asked of the kernel.
func TestAdoptingOrphans(t *testing.T) {
	for _, c := range []struct {
		subreaper, leave, need bool
		refused                error
		calls                  int
		said                   string
	}{
		{subreaper: true, need: true, calls: 1},
		{subreaper: true, refused: errors.New("refused"), calls: 1},
		{subreaper: true, need: true, refused: errors.New("refused"), calls: 1, said: ": not PID 1 and not a subreaper: orphans will not be reaped; run as PID 1, or where prctl is allowed (refused)"},
		{subreaper: true, leave: true, need: true, refused: errors.New("refused")},
		{need: true, refused: errors.New("refused")},
	} {
		play(t, func(s *scene) {
			s.Subreaper, s.NoSubreaper, s.config.LeaveOrphans, s.config.NeedOrphans = c.subreaper, c.refused, c.leave, c.need
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			calls := strings.Count(strings.Join(s.Calls(), " "), "AdoptOrphans")
			if calls != c.calls {
				t.Errorf("%+v: asked %d times", c, calls)
			}
			s.expectSaid(t, c.said, "orphans")
		}, gentle("web"))
	}
}
