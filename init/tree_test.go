package pid1

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// clocked is an Output that notes when each line was said.
type clocked struct {
	diary
	began time.Time
	at    []time.Duration
}

func (c *clocked) Say(level machine.Level, service, text string) {
	c.diary.Say(level, service, text)
	c.at = append(c.at, time.Since(c.began))
}

// when is the moment of the nth line that begins so, -1 if there is none.
func (c *clocked) when(prefix string, nth int) time.Duration {
	for i, line := range c.lines {
		if strings.HasPrefix(line, prefix) {
			if nth--; nth == 0 {
				return c.at[i]
			}
		}
	}
	return -1
}

// treeLife has db, and web which needs it, under a kernel, does what is asked for in
// between, and ends it by TERM after a second.
func treeLife(sim *simkernel.Sim, web simkernel.Habit, between func(send func(proc.Signal))) (*clocked, int) {
	_ = sim.Catch()
	sim.Behaves = func(argv []string) simkernel.Habit {
		if argv[0] == "web" {
			return web
		}
		return simkernel.Habit{Polite: true}
	}
	ladder := []service.Rung{{Signal: proc.TERM, For: 5 * time.Second}, {Signal: proc.KILL}}
	said := &clocked{began: time.Now()}
	p := New(Config{
		Plan: service.Plan{
			Init: service.Init{
				Grace: 20 * time.Second, Linger: 2 * time.Second,
				Rules: map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbRestart, To: []string{"web"}}},
			},
			Services: []service.Spec{
				{Name: "db", Command: []string{"db"}, OKCodes: []int{0}, Stop: ladder},
				{Name: "web", Command: []string{"web"}, OKCodes: []int{0}, Stop: ladder, Needs: []string{"db"}},
			},
		},
		Owner:  byCommand,
		Kernel: sim, Output: said,
	})
	over := make(chan struct{})
	go func() {
		send := func(sig proc.Signal) { sim.Send(proc.Caught{Signal: sig}, over) }
		between(send)
		send(proc.TERM)
	}()
	status := p.Run()
	close(over)
	return said, status
}

func second(func(proc.Signal)) { time.Sleep(time.Second) }

// What descends from a service in sessions of their own, children of those included, gets
// its signal once, and what the service needs is stopped when it has gone. A claim is
// taken where there is no proof, and proof comes before it.
func TestAServiceIsItsTree(t *testing.T) {
	for _, subreaper := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sim := simkernel.New(1)
			sim.Subreaper = subreaper
			worker := simkernel.Habit{Session: true, Polite: true, Stops: 3 * time.Second}
			middle := simkernel.Habit{Session: true, Polite: true, Stops: time.Second, Forks: []simkernel.Habit{worker}, Says: "db"}
			short := simkernel.Habit{Lives: time.Millisecond, Forks: []simkernel.Habit{{Session: true, Polite: true, Stops: 4 * time.Second, Says: "web"}}}
			said, status := treeLife(sim, simkernel.Habit{Polite: true, Forks: []simkernel.Habit{middle, short}}, second)
			web, db := said.when("web: stopped", 1), said.when("db: stopped", 1)
			if status != 0 || web < 5*time.Second || web > 5100*time.Millisecond || db < web || len(sim.Again()) > 0 || sim.Alive() != 0 {
				t.Errorf("subreaper %v: status %d, web at %v, db at %v, again %v: %q", subreaper, status, web, db, sim.Again(), said.lines)
			}
		})
	}
}

// What a member of the service has put into another group or session is that member's to
// end: it gets the signal when it has lost its parent, and once.
func TestAChildInAnotherGroupIsLeftToItsParent(t *testing.T) {
	for _, job := range []simkernel.Habit{{Leaves: true}, {Session: true}} {
		job.Polite, job.Stops = true, time.Second
		leftToItsParent(t, job)
	}
}

func leftToItsParent(t *testing.T, job simkernel.Habit) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		said, status := treeLife(sim, simkernel.Habit{Polite: true, Stops: 2 * time.Second, Forks: []simkernel.Habit{job}}, second)
		web, db := said.when("web: stopped", 1), said.when("db: stopped", 1)
		if status != 0 || web < 4*time.Second || web > 4100*time.Millisecond || db < web || len(sim.Again()) > 0 || sim.Alive() != 0 {
			t.Errorf("status %d, web at %v, db at %v, again %v: %q", status, web, db, sim.Again(), said.lines)
		}
	})
}

// The ladder also ends a process beyond the group that ignores the first step, and the status
// says so.
func TestTheLadderReachesTheTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		deaf := simkernel.Habit{Session: true, Ignores: []proc.Signal{proc.TERM}}
		said, status := treeLife(sim, simkernel.Habit{Polite: true, Forks: []simkernel.Habit{deaf}}, second)
		web, db := said.when("web: killed", 1), said.when("db: stopped", 1)
		if status != 137 || web < 6*time.Second || web > 6100*time.Millisecond || db < web || len(sim.Again()) > 0 || sim.Alive() != 0 {
			t.Errorf("status %d, web at %v, db at %v, again %v: %q", status, web, db, sim.Again(), said.lines)
		}
	})
}

// At a restart the server behind a wrapper is gone before the next run begins; what a
// listening service has started goes on, and gets its signal at the container's end.
func TestARestartEndsWhatTheNextRunCannotLiveBeside(t *testing.T) {
	for _, listens := range []bool{false, true} {
		t.Run(fmt.Sprint(listens), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := simkernel.New(1)
				worker := simkernel.Habit{Polite: true, Stops: 2 * time.Second}
				server := simkernel.Habit{Session: true, Polite: true, Stops: time.Second, Listens: true, Forks: []simkernel.Habit{worker}}
				alive := 0
				said, status := treeLife(sim, simkernel.Habit{Polite: true, Listens: listens, Forks: []simkernel.Habit{server}}, func(send func(proc.Signal)) {
					time.Sleep(time.Second)
					send(proc.HUP)
					time.Sleep(5 * time.Second)
					alive = sim.Alive()
				})
				again := said.when("web: up", 2)
				want, wantAlive := 3*time.Second, 4 // db, web, server, worker
				if listens {
					want, wantAlive = time.Second, 6
				}
				if status != 0 || again < want || again > want+100*time.Millisecond || alive != wantAlive || len(sim.Again()) > 0 {
					t.Errorf("status %d, up again at %v, %d alive, again %v: %q", status, again, alive, sim.Again(), said.lines)
				}
				if web, db := said.when("web: stopped after", 1), said.when("db: stopped", 1); web < 0 || db < web || db < 8*time.Second {
					t.Errorf("web at %v, db at %v: %q", web, db, said.lines)
				}
			})
		})
	}
}

// A wrapper that ends by itself leaves no server in the way of its next run, once it has
// lived for a while; what a listening service has started goes on.
func TestAWrapperThatIsKilledLeavesNoServer(t *testing.T) {
	for _, listens := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sim := simkernel.New(1)
			server := simkernel.Habit{Session: true, Polite: true, Listens: true, Forks: []simkernel.Habit{{Polite: true}}}
			alive := 0
			said, _ := treeLife(sim, simkernel.Habit{Polite: true, Listens: listens, Lives: 3 * time.Second, Forks: []simkernel.Habit{server}}, func(func(proc.Signal)) {
				time.Sleep(5 * time.Second)
				alive = sim.Alive()
			})
			if want := map[bool]int{false: 4, true: 6}[listens]; alive != want || len(sim.Wrongs()) > 0 { // db, web, server, worker
				t.Errorf("%d alive, want %d, %v: %q", alive, want, sim.Wrongs(), said.lines)
			}
		})
	}
}

// blind is a kernel that shows no process, as where /proc is not mounted.
type blind struct{ *simkernel.Sim }

func (blind) Children() ([]proc.PID, bool)                 { return nil, false }
func (blind) Below([]proc.PID, time.Duration) []proc.Other { return nil }
func (blind) Look(proc.PID) (proc.Other, bool)             { return proc.Other{}, false }
func (blind) Others(time.Duration) []proc.Other            { return nil }
func (blind) ServiceOf(proc.PID) string                    { return "" }

// Without /proc a service is its group, and the rest is swept.
func TestWithoutProcAServiceIsItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		sim.Behaves = func([]string) simkernel.Habit {
			return simkernel.Habit{Polite: true, Forks: []simkernel.Habit{{Session: true, Polite: true, Stops: 500 * time.Millisecond}}}
		}
		said, status := stopped(sim, blind{sim}, 10*time.Second, service.Rung{Signal: proc.TERM})
		if status != 0 || sim.Alive() != 0 || slices.ContainsFunc(said.lines, func(line string) bool { return strings.Contains(line, "another process group") }) {
			t.Errorf("status %d, %d alive: %q", status, sim.Alive(), said.lines)
		}
	})
}

// forks is a kernel where each time that we look one more process has been made, in a
// session of its own, that minds nothing but KILL.
type forks struct {
	*simkernel.Sim
	n int
}

func (k *forks) Below(roots []proc.PID, most time.Duration) []proc.Other {
	k.n++
	k.Escape(simkernel.Habit{Session: true, Ignores: []proc.Signal{proc.TERM}, Says: "web"})
	return k.Sim.Below(roots, most)
}

// What forks as fast as we look holds nothing up: the ladder is used up a second after
// KILL, and the container's end comes in time.
func TestWhatForksAsFastAsWeLookHoldsNothingUp(t *testing.T) {
	for _, subreaper := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sim := simkernel.New(1)
			_ = sim.Catch()
			sim.Subreaper = subreaper
			sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
			began := time.Now()
			said, status := stopped(sim, &forks{Sim: sim}, 10*time.Second, service.Rung{Signal: proc.TERM, For: time.Second})
			if took := time.Since(began); status != 137 || took > 3100*time.Millisecond || sim.Alive() > 0 && !subreaper || len(sim.Wrongs()) > 0 {
				t.Errorf("subreaper %v: status %d after %v, %d alive, %v: %q", subreaper, status, took, sim.Alive(), sim.Wrongs(), said.lines)
			}
		})
	}
}
