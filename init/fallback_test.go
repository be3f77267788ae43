package pid1

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// breaks is an Output at which the loop breaks, once, at the line that begins so.
type breaks struct {
	diary
	at string
}

func (b *breaks) Say(level machine.Level, service, text string) {
	if b.at != "" && strings.HasPrefix(text, b.at) {
		b.at = ""
		panic("broken")
	}
	b.diary.Say(level, service, text)
}

// A loop that breaks in the middle of the end keeps within the grace that has begun: the
// runtime does not start counting again.
func TestBrokenInTheEndLeavesWithinTheGrace(t *testing.T) {
	for _, at := range []string{"stopping: SIGTERM", "still running 6s after SIGINT"} {
		t.Run(at, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { breaksAt(t, at) }) })
	}
}

func breaksAt(t *testing.T, at string) {
	const grace = 10 * time.Second
	sim := simkernel.New(1)
	_ = sim.Catch()
	sim.Behaves = func([]string) simkernel.Habit {
		return simkernel.Habit{Ignores: []proc.Signal{proc.INT, proc.TERM}}
	}
	p := New(Config{
		Plan: service.Plan{
			Init: service.Init{Grace: grace, Linger: time.Second},
			Services: []service.Spec{{
				Name: "web", Command: []string{"web"}, OKCodes: []int{0},
				Stop: []service.Rung{{Signal: proc.INT, For: 6 * time.Second}, {Signal: proc.TERM}, {Signal: proc.KILL}},
			}},
		},
		Owner:  byCommand,
		Kernel: sim, Output: &breaks{at: at},
	})
	over := make(chan struct{})
	asked := time.Now()
	go sim.Send(proc.Caught{Signal: proc.TERM}, over)
	status := p.Run()
	close(over)
	if took := time.Since(asked); status != exitInternal || took > grace || sim.Alive() > 0 {
		t.Errorf("status %d after %v, %d alive", status, took, sim.Alive())
	}
}
