package pid1

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// shell is a kernel: before the second run of the service with the terminal, a shell takes the
// terminal.
type shell struct {
	*simkernel.Sim
	given []int // what each run got
	over  chan struct{}
}

func (k *shell) FindTerminal() (proc.Terminal, bool) { return proc.Terminal{FD: 5}, true }

func (k *shell) OnTerminal() bool { return true }

func (k *shell) HoldsTerminal(proc.Terminal, proc.PID) bool { return len(k.given) == 0 }

func (k *shell) Spawn(c *proc.Command) (proc.PID, error) {
	if k.given = append(k.given, c.Foreground); len(k.given) == 2 {
		go k.Send(proc.Caught{Signal: proc.TERM}, k.over)
	}
	return k.Sim.Spawn(c)
}

// A service that is started again gets the terminal unless a shell has taken it meanwhile.
func TestATerminalThatAShellHasTakenIsNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &shell{Sim: simkernel.New(1), over: make(chan struct{})}
		_ = k.Catch()
		k.Behaves = func([]string) simkernel.Habit {
			if len(k.given) == 1 {
				return simkernel.Habit{Lives: time.Second}
			}
			return simkernel.Habit{}
		}
		web := plain("web")
		web.TTY, web.Restart = true, service.Always
		New(Config{
			Plan:   service.Plan{Init: service.Init{Grace: time.Second}, Services: []service.Spec{web}},
			Owner:  byCommand,
			Kernel: k, Output: &diary{},
		}).Run()
		close(k.over)
		if !slices.Equal(k.given, []int{5, -1}) {
			t.Errorf("the runs got %v", k.given)
		}
	})
}
