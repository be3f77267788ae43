package pid1

import (
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// A service gets its stop signal and CONT, and KILL when its time is over; what it needs
// gets its own signal afterwards.
func TestTheLadderIsSentRungByRung(t *testing.T) {
	db, web := gentle("db"), gentle("web")
	web.Needs = []string{"db"}
	play(t, func(s *scene) {
		s.habits["web"] = []simkernel.Habit{{Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond}}
		s.signal(time.Second, proc.TERM)
	}, func(s *scene) {
		s.expectSent(t, `
			1s TERM to web
			1s CONT to web
			6s KILL to web
			6.005s TERM to db
		`)
		if s.status != 137 {
			t.Errorf("status %d", s.status)
		}
	}, db, web)
}

// A signal that may not be sent is a warning, once for each run. One that the kernel has no
// room for is counted, and said once a second at most.
func TestASignalThatCannotBeSentIsReported(t *testing.T) {
	for _, c := range []struct {
		refusal error
		want    string
	}{
		{fmt.Errorf("kill: %w", fs.ErrPermission), "main: kill: permission denied: it runs as another user, and sexton does not have CAP_KILL\nmain: kill: permission denied\nmain: kill: permission denied"},
		{proc.ErrQueueFull, "main: 1 queued signals were not forwarded: the queue of the user is full; see RLIMIT_SIGPENDING (ulimit -i)\nmain: 2 queued signals were not forwarded: the queue of the user is full; see RLIMIT_SIGPENDING (ulimit -i)"},
	} {
		play(t, func(s *scene) {
			s.config.Plan.Init.Main = "main"
			s.habits["main"] = []simkernel.Habit{{Lives: 5 * time.Second, Refuses: c.refusal}}
			for i := range 3 {
				s.caught(time.Second+time.Duration(i)*100*time.Millisecond, proc.Caught{Signal: proc.RTMin, Code: proc.CodeQueue})
			}
		}, func(s *scene) {
			word := "not forwarded"
			if c.refusal != proc.ErrQueueFull {
				word = "permission denied"
			}
			s.expectSaid(t, c.want, word)
			if at := s.when("main: 2 queued", 1); c.refusal == proc.ErrQueueFull && at != 2*time.Second {
				t.Errorf("the rest was said at %v", at)
			}
		}, func() service.Spec {
			m := plain("main")
			m.ShutdownOn = service.AnyExit
			m.Restart = service.Never
			return m
		}())
	}
}

// A forwarded signal reaches main and the services that list it, and not the others; a
// signal with the rule to ignore it reaches none, and one that was lost is said.
func TestASignalReachesThoseItIsFor(t *testing.T) {
	main, web, other := plain("main"), plain("web"), plain("other")
	web.Signals = []proc.Signal{proc.USR1}
	play(t, func(s *scene) {
		s.config.Plan.Init.Main = "main"
		s.config.Plan.Init.Rules = map[proc.Signal]service.Rule{proc.USR2: {Verb: service.VerbIgnore}}
		for _, name := range []string{"main", "web", "other"} {
			s.habits[name] = []simkernel.Habit{{Ignores: []proc.Signal{proc.USR1, proc.USR2, proc.HUP}}}
		}
		s.signal(time.Second, proc.USR1)
		s.signal(2*time.Second, proc.USR2)
		s.signal(3*time.Second, proc.HUP)
		s.caught(4*time.Second, proc.Caught{Lost: 7})
		s.signal(5*time.Second, proc.TERM)
		s.at(5*time.Second, func() {})
	}, func(s *scene) {
		s.expectSent(t, `
			1s USR1 to main
			1s USR1 to web
			3s HUP to main
			5s KILL to other
			5s KILL to web
			5s KILL to main
		`)
		s.expectSaid(t, ": 7 signals were lost: they came faster than they could be forwarded", "lost")
		if c := s.p.counts; c.Lost != 7 || c.Signals != 4 || c.Sent != 6 {
			t.Errorf("counts: %+v", c)
		}
	}, main, web, other)
}

// A stop signal that is forwarded to one command is followed by CONT where the command is
// stopped, or it would not hear it, and by nothing else.
func TestAStoppedCommandIsContinued(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		web := gentle("web")
		web.Restart, web.ShutdownOn = service.Never, service.AnyExit
		play(t, func(s *scene) {
			s.config.Plan.Init = oneCommand("web")
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: 100 * time.Millisecond}}
			if stopped {
				s.signal(time.Second, proc.TSTP)
			}
			s.signal(2*time.Second, proc.TERM)
		}, func(s *scene) {
			want := "2s TERM to web"
			if stopped {
				want = "1s TSTP to web|2s TERM to web|2s CONT to web"
			}
			expect(t, fmt.Sprint("stopped ", stopped), s.Sent(), lines(want))
		}, web)
	}
}

// A signal reaches the whole group of a service, or with single_child its first process alone.
func TestASingleChildGetsItsSignalAlone(t *testing.T) {
	for _, single := range []bool{false, true} {
		web := gentle("web")
		web.Single, web.Restart, web.ShutdownOn = single, service.Never, service.AnyExit
		play(t, func(s *scene) {
			s.config.Plan.Init.Main = "web"
			s.habits["web"] = []simkernel.Habit{{Lives: 2 * time.Second, Ignores: []proc.Signal{proc.USR1}, Forks: []simkernel.Habit{{Name: "worker", Lives: 3 * time.Second, Ignores: []proc.Signal{proc.USR1}}}}}
			s.signal(time.Second, proc.USR1)
		}, func(s *scene) {
			expect(t, "to web", s.Sent("web"), "1s USR1 to web")
			if got := slices.Contains(s.Sent("worker"), simkernel.Sent{At: time.Second, To: "worker", Signal: proc.USR1}); got == single {
				t.Errorf("single %v: the worker got it: %v", single, got)
			}
		}, web)
	}
}
