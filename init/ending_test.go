package pid1

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// diary is an Output that keeps what is said.
type diary struct {
	lines []string
	sum   service.Summary
	lack  int           // of threads
	ended []service.Run // whose end or failed start was told

	refuseOpen error
}

func (d *diary) Open(_ *service.Spec, _ service.Run, files [3]int) ([3]int, func(proc.PID), error) {
	return files, func(proc.PID) {}, d.refuseOpen
}
func (d *diary) OpenHook(*service.Spec, service.Run) (HookOutput, error) {
	return HookOutput{[3]int{-1, -1, -1}, func(proc.PID) {}, func() string { return "its last line" }, false}, d.refuseOpen
}
func (*diary) Died(string)                           {}
func (*diary) Reopen()                               {}
func (*diary) Break(string)                          {}
func (*diary) ClosePipeline(string)                  {}
func (*diary) Resize()                               {}
func (*diary) Flush(_, _ time.Duration, last func()) { last() }
func (d *diary) Ended(run service.Run)               { d.ended = append(d.ended, run) }
func (d *diary) Lack(threads int)                    { d.lack = threads }
func (d *diary) Sum(sum service.Summary)             { d.sum = sum }
func (d *diary) Say(_ machine.Level, service, text string) {
	d.lines = append(d.lines, service+": "+text)
}

// The rest of a group may be children of other processes, and their end does not wake us: we
// look now and then. We also look before the deadline is judged, so a process that has ended in time does not
// count as killed.
func TestAnEndJustBeforeTheDeadlineIsNotAKill(t *testing.T) {
	for _, late := range []int{1, 5, 10, 19} {
		t.Run(fmt.Sprint(late), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { endsBefore(t, time.Duration(late)*time.Millisecond) })
		})
	}
}

func endsBefore(t *testing.T, late time.Duration) {
	const patience = 900 * time.Millisecond
	sim := simkernel.New(1)
	_ = sim.Catch()
	child := simkernel.Habit{Stops: patience - late}
	daemon := simkernel.Habit{Leaves: true, Forks: []simkernel.Habit{child}} // its child stays in the service's group
	sim.Behaves = func([]string) simkernel.Habit {
		return simkernel.Habit{Polite: true, Forks: []simkernel.Habit{daemon}}
	}
	said, status := stopped(sim, sim, 10*time.Second, service.Rung{Signal: proc.TERM, For: patience})
	if status != 0 || len(said.sum.Ends) == 0 || said.sum.Ends[0].Killed {
		t.Errorf("status %d, %+v, %q", status, said.sum, said.lines)
	}
}

// stopped has one service under a kernel, and stops it with that rung and KILL.
func stopped(sim *simkernel.Sim, kernel Kernel, grace time.Duration, first service.Rung) (said diary, status int) {
	p := New(Config{
		Plan: service.Plan{
			Init: service.Init{Grace: grace, Linger: time.Second},
			Services: []service.Spec{{
				Name: "web", Command: []string{"web"}, OKCodes: []int{0},
				Stop: []service.Rung{first, {Signal: proc.KILL}},
			}},
		},
		Owner:  byCommand,
		Kernel: kernel, Output: &said,
	})
	over := make(chan struct{})
	go sim.Send(proc.Caught{Signal: proc.TERM}, over)
	status = p.Run()
	close(over)
	return said, status
}

// standsStill is a kernel under which we stand still for a while, as in a container
// that is paused, once the first signal has come.
type standsStill struct {
	*simkernel.Sim
	still time.Duration
	asked bool
}

func (k *standsStill) Wait(atMost time.Duration) proc.News {
	if k.asked {
		time.Sleep(k.still)
		k.still = 0
	}
	news := k.Sim.Wait(atMost)
	k.asked = k.asked || len(news.Signals) > 0
	return news
}

// A loop that stood still until no time was left kills what is left before it goes, and does
// not say that a process survived a signal that was never sent.
func TestALateLoopKillsBeforeItLeaves(t *testing.T) {
	for _, left := range []bool{false, true} {
		t.Run(fmt.Sprint(left), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { wakesTooLate(t, left) })
		})
	}
}

func wakesTooLate(t *testing.T, left bool) {
	sim := simkernel.New(1)
	_ = sim.Catch()
	sim.Subreaper = true
	sim.Behaves = func([]string) simkernel.Habit {
		habit := simkernel.Habit{Polite: true, Stops: time.Second}
		if left {
			habit.Forks = []simkernel.Habit{{Session: true, Ignores: []proc.Signal{proc.TERM}}}
		}
		return habit
	}
	said, status := stopped(sim, &standsStill{Sim: sim, still: 10 * time.Second}, 4*time.Second, service.Rung{Signal: proc.TERM})
	time.Sleep(time.Second) // what was sent KILL is gone by then
	if want := map[bool]int{false: 0, true: 137}[left]; status != want || sim.Alive() != 0 {
		t.Errorf("status %d, want %d, and %d are alive: %q", status, want, sim.Alive(), said.lines)
	}
	if text := strings.Join(said.lines, "\n"); !left && strings.Contains(text, "did not die") {
		t.Errorf("no process was sent KILL, and it says:\n%s", text)
	}
}

// overlooks is a kernel that shows nothing at the second look, as /proc does not show a process
// that was forked behind our back.
type overlooks struct {
	*simkernel.Sim
	looks int
}

func (k *overlooks) Others(most time.Duration) []proc.Other {
	if k.looks++; k.looks == 2 {
		return nil
	}
	return k.Sim.Others(most)
}

// Where we are not the first process, KILL goes to the processes that we see. One that a look
// has missed gets it after the next.
func TestAnOverlookedProcessIsKilledToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		sim.Subreaper = true
		sim.Behaves = func([]string) simkernel.Habit {
			return simkernel.Habit{Polite: true, Forks: []simkernel.Habit{{Session: true, Ignores: []proc.Signal{proc.TERM}}}}
		}
		said, status := stopped(sim, &overlooks{Sim: sim}, 10*time.Second, service.Rung{Signal: proc.TERM})
		if sim.Alive() != 0 || status != 137 {
			t.Errorf("status %d, and %d are alive: %q", status, sim.Alive(), said.lines)
		}
	})
}
