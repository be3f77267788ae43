package pid1

import (
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// Everything that is left when the services are down gets TERM and CONT, once, and KILL
// when it has had its time. The machine is told of each, of some that descends from us, and
// when it has ended; what came from outside counts for nothing in the exit status.
func TestWhatIsLeftIsSwept(t *testing.T) {
	polite := simkernel.Habit{Name: "daemon", Session: true, Polite: true, Stops: 100 * time.Millisecond}
	later := polite
	later.Stops += 10 * time.Millisecond
	stubborn := simkernel.Habit{Name: "stubborn", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond}
	shell := simkernel.Habit{Name: "shell", Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond}
	const killed = "1s TERM to stubborn|1s CONT to stubborn|2s KILL to stubborn"
	const told = "1s stray pid=3 command=stubborn|1s survived|2s ticked|2s stray pid=3 command=stubborn|2s survived|2.005s stray-ended pid=3|2.005s emptied"
	for _, c := range []struct {
		name        string
		subreaper   bool
		escape      []simkernel.Habit
		shell       []simkernel.Habit
		sent, heard string
		status      int
	}{
		{name: "nothing", heard: "1s emptied"},
		{name: "polite", escape: []simkernel.Habit{polite}, sent: "1s TERM to daemon|1s CONT to daemon",
			heard: "1s stray pid=3 command=daemon|1s survived|1.1s stray-ended pid=3|1.1s emptied"},
		{name: "stubborn", escape: []simkernel.Habit{stubborn}, sent: killed, heard: told, status: 137},
		{name: "not first", subreaper: true, escape: []simkernel.Habit{stubborn}, sent: killed, heard: told, status: 137},
		{name: "outside", shell: []simkernel.Habit{shell}, sent: "1s TERM to shell|1s CONT to shell|2s KILL to shell",
			heard: "1s stray pid=3 command=shell outside|2s ticked|2s stray pid=3 command=shell outside|2.02s emptied"},
		{name: "two", escape: []simkernel.Habit{polite}, shell: []simkernel.Habit{later},
			sent:  "1s TERM to daemon|1s TERM to daemon|1s CONT to daemon|1s CONT to daemon",
			heard: "1s stray pid=3 command=daemon|1s stray pid=4 command=daemon outside|1s survived|1.1s stray-ended pid=3|1.12s emptied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, func(s *scene) {
				s.Subreaper = c.subreaper
				s.at(500*time.Millisecond, func() {
					for _, habit := range c.escape {
						s.Escape(habit)
					}
					for _, habit := range c.shell {
						s.Enter(habit)
					}
				})
				s.signal(time.Second, proc.TERM)
			}, func(s *scene) {
				expect(t, "signals", s.Sent("daemon", "stubborn", "shell"), lines(c.sent))
				s.expectHeard(t, lines("1s signalled TERM stop from=\"from outside the container\"|1s exited run=1 status=0|1s emptied run=1|"+c.heard), "signalled")
				if s.status != c.status || s.Alive() > 0 || s.Zombies() > 0 {
					t.Errorf("status %d, %d alive, %d zombies", s.status, s.Alive(), s.Zombies())
				}
			}, gentle("web"))
		})
	}
}

// Where we are not the first process, what is left gets KILL again and again, for a look at
// /proc may have missed something; as the first process one KILL reaches everything.
func TestKillIsRepeatedWhereALookMayMissSomething(t *testing.T) {
	for _, subreaper := range []bool{false, true} {
		play(t, func(s *scene) {
			s.Subreaper = subreaper
			s.at(500*time.Millisecond, func() {
				s.Escape(simkernel.Habit{Name: "slow", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 130 * time.Millisecond})
			})
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			want := "1s TERM to slow|1s CONT to slow|2s KILL to slow"
			if subreaper { // every 20 ms we look whether anything is left, and every 50 ms at the earliest KILL is due
				want += "|2.06s KILL to slow|2.12s KILL to slow"
			}
			expect(t, "signals", s.Sent("slow"), lines(want))
		}, gentle("web"))
	}
}

// What belongs to no service gets its TERM before the last KILL also while a service is
// still being stopped, and not again in the sweep; the tree of that service has its own ladder.
func TestAStrayIsAskedBeforeTheLastKillAndOnce(t *testing.T) {
	for _, subreaper := range []bool{false, true} {
		web := gentle("web")
		web.Stop = []service.Rung{{Signal: proc.TERM, For: 18500 * time.Millisecond}, {Signal: proc.KILL}}
		play(t, func(s *scene) {
			s.Subreaper = subreaper
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: 18400 * time.Millisecond, Forks: []simkernel.Habit{
				{Name: "worker", Session: true, Polite: true, Stops: 50 * time.Millisecond},
			}}}
			s.at(500*time.Millisecond, func() {
				s.Escape(simkernel.Habit{Name: "stray", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond,
					Forks: []simkernel.Habit{{Name: "its child", Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond}}})
			})
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			s.expectSent(t, `
				1s TERM to web
				1s CONT to web
				19s TERM to stray
				19s CONT to stray
				19s TERM to its child
				19s CONT to its child
				19.4s TERM to worker
				19.4s CONT to worker
				20s KILL to stray
				20s KILL to its child
			`)
		}, web)
	}
}

// Of a crowd the first twenty are named, and all get their signals.
func TestOfACrowdTheFirstAreNamed(t *testing.T) {
	const crowd = tellMost + 5
	play(t, func(s *scene) {
		s.at(500*time.Millisecond, func() {
			for range crowd {
				s.Escape(simkernel.Habit{Name: "one", Session: true, Polite: true, Stops: time.Millisecond})
			}
		})
		s.signal(time.Second, proc.TERM)
	}, func(s *scene) {
		named := strings.Count(s.traced.String(), " stray pid=")
		ended := strings.Count(s.traced.String(), " stray-ended ")
		if sent := len(s.Sent("one")); named != tellMost || ended != tellMost || sent != 2*crowd {
			t.Errorf("%d were named, %d of them have ended, %d signals", named, ended, sent)
		}
	}, gentle("web"))
}

// When no time is left while a service still runs, everything is killed at once: each stray
// has had its TERM, and gets KILL once, as does the service.
func TestWhenNoTimeIsLeftEverythingIsKilled(t *testing.T) {
	for _, subreaper := range []bool{false, true} {
		web := gentle("web")
		web.Stop = []service.Rung{{Signal: proc.TERM, For: time.Minute}, {Signal: proc.KILL}}
		play(t, func(s *scene) {
			s.Subreaper = subreaper
			s.habits["web"] = []simkernel.Habit{{Ignores: []proc.Signal{proc.TERM}, Dies: 5 * time.Millisecond}}
			s.at(500*time.Millisecond, func() {
				s.Escape(simkernel.Habit{Name: "stray", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 3 * time.Millisecond})
			})
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			expect(t, "stray", s.Sent("stray"), lines("19s TERM to stray|19s CONT to stray|20s KILL to stray"))
			if s.status != 137 || s.Alive() > 0 {
				t.Errorf("status %d, %d alive", s.status, s.Alive())
			}
		}, web)
	}
}
