package pid1

import (
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// A member of another group gets the step as soon as its parent has ended, however long the
// service itself takes, and once; KILL goes to all, also to those that have their parent.
func TestAMemberGetsTheStepWhenItsParentHasEnded(t *testing.T) {
	job := simkernel.Habit{Name: "job", Session: true, Polite: true, Stops: 10 * time.Millisecond}
	helper := simkernel.Habit{Name: "helper", Polite: true, Stops: 990 * time.Millisecond, Forks: []simkernel.Habit{job}}
	kept := simkernel.Habit{Name: "kept", Session: true, Ignores: []proc.Signal{proc.TERM}}
	play(t, func(s *scene) {
		s.habits["web"] = []simkernel.Habit{{Ignores: []proc.Signal{proc.TERM}, Forks: []simkernel.Habit{helper, kept}}}
		s.signal(500*time.Millisecond, proc.TERM)
	}, func(s *scene) {
		s.expectSent(t, `
			500ms TERM to helper
			500ms CONT to helper
			1.5s TERM to job
			1.5s CONT to job
			5.5s KILL to kept
		`, "helper", "job", "kept")
		if sent := s.Sent("web"); len(sent) != 3 || s.status != 137 || len(s.Again()) > 0 {
			t.Errorf("%v, status %d", sent, s.status)
		}
	}, gentle("web"))
}

// A restart ends the service and what the next run cannot live beside; when the container is
// stopped meanwhile, what was spared gets the signal too. What nothing ties to the service gets
// its signal in the sweep.
func TestAStopDuringARestartReachesTheWholeTree(t *testing.T) {
	session := simkernel.Habit{Name: "session", Session: true, Polite: true, Stops: time.Millisecond}
	daemon := simkernel.Habit{Lives: time.Millisecond, Forks: []simkernel.Habit{session}}
	play(t, func(s *scene) {
		s.config.Plan.Init.Rules = map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbRestart, To: []string{"web"}}}
		s.habits["web"] = []simkernel.Habit{{Listens: true, Polite: true, Stops: 3 * time.Second, Forks: []simkernel.Habit{daemon}}}
		session.Says = "web"
		s.at(500*time.Millisecond, func() { s.Escape(session) })
		s.signal(time.Second, proc.HUP)
		s.signal(2*time.Second, proc.TERM)
	}, func(s *scene) {
		s.expectSent(t, `
			1s TERM to web
			1s CONT to web
			2s TERM to session
			2s CONT to session
			4s TERM to session
			4s CONT to session
		`, "web", "session")
	}, gentle("web"))
}

// A process that only claims to come from a service is a part of its stop if it runs as the
// service's user. One of another user gets its signal in the sweep, and delays nothing.
func TestAClaimCountsForTheServicesUser(t *testing.T) {
	for _, user := range []int{0, 7} {
		play(t, func(s *scene) {
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: time.Second}}
			s.at(500*time.Millisecond, func() {
				s.Escape(simkernel.Habit{Name: "claims", Session: true, Says: "web", User: user, Polite: true, Stops: 3 * time.Second})
			})
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			asked, down := time.Second, 4*time.Second
			if user != 0 {
				asked, down = 2*time.Second, 2*time.Second
			}
			if sent := s.Sent("claims"); sent[0].At != asked || s.when("web: stopped", 1) < down || s.when("web: stopped", 1) > down+watchEvery {
				t.Errorf("user %d: %v, down at %v", user, sent, s.when("web: stopped", 1))
			}
		}, gentle("web"))
	}
}

// What gets KILL after the first process of a run has ended is named.
func TestWhatIsKilledInAGroupIsNamed(t *testing.T) {
	play(t, func(s *scene) {
		s.habits["web"] = []simkernel.Habit{{Polite: true, Forks: []simkernel.Habit{
			{Name: "in group", Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond},
			{Name: "beyond", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond},
		}}}
		s.at(100*time.Millisecond, func() { s.Escape(simkernel.Habit{Name: "stranger", Session: true, Polite: true}) })
		s.signal(500*time.Millisecond, proc.TERM)
	}, func(s *scene) {
		s.expectHeard(t, lines(`5.5s ticked|5.5s stray pid=3 command="in group" service=web killed|5.5s stray pid=4 command=beyond service=web killed|5.505s emptied run=1|5.505s stray pid=5 command=stranger|5.505s survived|5.505s stray-ended pid=5|5.505s emptied`), "ticked")
	}, gentle("web"))
}

// A server behind a wrapper is found when it comes later, at twice the age of the look before,
// and ends with the wrapper; with its own children. One that comes after the last look goes on, and that is told.
func TestAServerIsFoundWhenItComesLater(t *testing.T) {
	for _, c := range []struct {
		name  string
		comes time.Duration
		found bool
	}{
		{"before a look", 3 * time.Second, true},
		{"after the last look", firstLook<<(lookTimes-1) + time.Second, false},
	} {
		play(t, func(s *scene) {
			s.habits["web"] = []simkernel.Habit{{Name: "wrapper", Polite: true, Lives: 200 * time.Second}, {Name: "second", Polite: true}}
			s.at(c.comes, func() {
				s.Fork("wrapper", simkernel.Habit{Name: "server", Session: true, Polite: true, Listens: true, Forks: []simkernel.Habit{{Name: "worker", Polite: true}}})
			})
			s.signal(205*time.Second, proc.TERM)
		}, func(s *scene) {
			for _, name := range []string{"server", "worker"} {
				want := "3m20s KILL to " + name
				if !c.found {
					want = "3m25s TERM to " + name
				}
				expect(t, c.name, s.Sent(name), want)
			}
			if named := strings.Contains(s.traced.String(), `behind="server`); named == c.found {
				t.Errorf("%s: it is told that the server goes on: %v", c.name, named)
			}
		}, gentle("web"))
	}
}

// A number that belongs to another process by now has not had its TERM, unless its group has.
func TestATermBelongsToAProcessAndItsGroup(t *testing.T) {
	var s strays
	if s.anyAsked() || s.wasAsked(proc.Other{PID: 7, Started: 1, Group: 7}) {
		t.Error("nothing was asked yet")
	}
	s.ask(proc.Other{PID: 7, Started: 1, Group: 7})
	for _, c := range []struct {
		other proc.Other
		want  bool
	}{
		{proc.Other{PID: 7, Started: 1, Group: 8}, true}, // it has gone to another group since
		{proc.Other{PID: 7, Started: 2, Group: 8}, false},
		{proc.Other{PID: 8, Started: 2, Group: 7}, true},
		{proc.Other{PID: 8, Started: 1, Group: 8}, false},
	} {
		if s.wasAsked(c.other) != c.want {
			t.Errorf("%+v: %v", c.other, !c.want)
		}
	}
	if s.tell(9); !s.ended(9) || s.ended(9) || s.ended(10) {
		t.Error("an end is told once, of those that were told of")
	}
}
