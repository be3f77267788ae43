package pid1

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// slow is a kernel whose starts take a while.
type slow struct{ *simkernel.Sim }

func (k slow) Spawn(c *proc.Command) (proc.PID, error) {
	pid, err := k.Sim.Spawn(c)
	time.Sleep(2 * time.Millisecond)
	return pid, err
}

// byCommand starts a service as its spec says, and with nothing else.
var byCommand = Fixed(func(spec *service.Spec) (proc.Command, error) {
	return proc.Command{Argv: spec.Command}, nil
})

func plain(name string) service.Spec {
	return service.Spec{Name: name, Command: []string{name}, OKCodes: []int{0}, Stop: []service.Rung{{Signal: proc.KILL}}}
}

// The end of one service may start another, which may have ended before the loop looks at the
// next dead child. The machine hears of its start first.
func TestAStartIsKnownBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Lives: time.Millisecond} }
		first, second := plain("first"), plain("second")
		first.OneShot, second.Needs, second.Restart = true, []string{"first"}, service.Never
		first.Restart = service.Never
		var said diary
		New(Config{
			Plan:   service.Plan{Init: service.Init{Grace: time.Second}, Services: []service.Spec{first, second}},
			Owner:  byCommand,
			Kernel: slow{sim}, Output: &said,
		}).Run()
		if !slices.ContainsFunc(said.lines, func(line string) bool { return len(line) > 10 && line[:10] == "second: up" }) {
			t.Errorf("it is not said that it was up: %q", said.lines)
		}
	})
}

// A thousand starts follow each other; a signal is heard between them.
func TestSignalsAreHeardAmongManyStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		over := make(chan struct{})
		starts := 0
		const heardAt, services = 20, 1000
		sim.Behaves = func([]string) simkernel.Habit {
			if starts++; starts == heardAt {
				go sim.Send(proc.Caught{Signal: proc.TERM}, over)
			}
			return simkernel.Habit{}
		}
		var plan service.Plan
		plan.Init.Grace = time.Second
		for i := range services {
			spec := plain(fmt.Sprint("s", i))
			plan.Services = append(plan.Services, spec)
		}
		New(Config{Plan: plan, Owner: byCommand, Kernel: slow{sim}, Output: &diary{}}).Run()
		close(over)
		if starts > services/4 { // the simulation may hear it some turns later
			t.Errorf("TERM came at start %d, and %d were made", heardAt, starts)
		}
	})
}

// asks is a kernel: at each start a client asks whether the loop lives.
type asks struct {
	slow
	p       *PID1
	pending chan service.Answer // the answer to the question of the start before
	late    int
}

func (k *asks) Spawn(c *proc.Command) (proc.PID, error) {
	if k.pending != nil && len(k.pending) == 0 {
		k.late++
	}
	k.pending = make(chan service.Answer, 1)
	k.p.post(question{alive: true, answer: k.pending})
	return k.slow.Spawn(c)
}

// A client that asks at a start whether the loop lives has the answer before the next start,
// however many starts there are in one turn.
func TestALiveLoopAnswersBetweenTwoStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Lives: time.Millisecond} }
		var plan service.Plan
		plan.Init.Grace = time.Second
		for i := range 100 {
			spec := plain(fmt.Sprint("s", i))
			spec.OneShot, spec.Restart = true, service.Never
			plan.Services = append(plan.Services, spec)
		}
		k := &asks{slow: slow{sim}}
		k.p = New(Config{Plan: plan, Owner: byCommand, Kernel: k, Output: &diary{}})
		k.p.Run()
		if k.late > 0 {
			t.Errorf("%d questions were not answered before the next start", k.late)
		}
	})
}
