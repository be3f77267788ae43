package pid1

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sexton/kernel/simkernel"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// diary is an Output that keeps what is said.
type diary struct {
	lines []string
	sum   service.Summary
}

func (*diary) Open(_ string, _ service.Run, files [3]int) ([3]int, func(), error) {
	return files, func() {}, nil
}
func (*diary) Reopen()                               {}
func (*diary) Hang(string)                           {}
func (*diary) Ended(service.Run)                     {}
func (*diary) Resize()                               {}
func (*diary) Drain(_, _ time.Duration, last func()) { last() }
func (d *diary) Sum(sum service.Summary)             { d.sum = sum }
func (d *diary) Say(_ machine.Level, service, text string) {
	d.lines = append(d.lines, service+": "+text)
}

// What is left of a group may be somebody else's children, whose end wakes nobody:
// we look now and then. The last look comes before the verdict, so that who has ended
// within the time of its rung was not killed.
func TestWhoEndsJustBeforeTheDeadlineIsNotKilled(t *testing.T) {
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
	var said diary
	p := New(Config{
		Plan: service.Plan{
			Init: service.Init{Grace: 10 * time.Second, Linger: time.Second},
			Services: []service.Spec{{
				Name: "web", Command: []string{"web"}, OKCodes: []int{0}, Umask: -1,
				Stop: []service.Rung{{Signal: proc.TERM, For: patience}, {Signal: proc.KILL}},
			}},
		},
		Commands: []proc.Command{{Argv: []string{"web"}}},
		Kernel:   sim, Output: &said,
	})
	over := make(chan struct{})
	go sim.Send(proc.Caught{Signal: proc.TERM}, over)
	status := p.Run()
	close(over)
	if status != 0 || len(said.sum.Ends) == 0 || said.sum.Ends[0].Killed {
		t.Errorf("status %d, %+v, %q", status, said.sum, said.lines)
	}
}
