package pid1

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/service"
)

// wakes is a kernel that counts how often the loop is woken.
type wakes struct {
	*simkernel.Sim
	n int
}

func (k *wakes) Wake() { k.n++ }

func inboxOf(k Kernel) *PID1 {
	return New(Config{Plan: service.Plan{Services: []service.Spec{plain("web")}}, Kernel: k, Output: &diary{}})
}

// A loop that stands still keeps no question of a client that has given up, however many
// come; one order to shut down stays, for it must be carried out.
func TestAFloodOfQuestionsLeavesNothingBehind(t *testing.T) {
	p := inboxOf(&wakes{Sim: simkernel.New(1)})
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 1000 {
		if err := p.Alive(gone); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		_, _ = p.Look(gone, "web")
		_, _ = p.Shutdown(gone, false, " by a test")
		_, _ = p.Shutdown(gone, true, " by a test")
	}
	var verbs []machine.Ask
	for _, e := range p.inbox.take() {
		if q := e.(question); q.ask != nil {
			verbs = append(verbs, q.ask.Verb)
		} else {
			t.Fatalf("a question is left: %+v", q)
		}
	}
	if len(verbs) != 2 || verbs[0] != machine.AskShutdown || verbs[1] != machine.AskShutdownNow {
		t.Errorf("orders that are left: %v", verbs)
	}
}

// Whatever is posted is taken, in its order, and the loop is woken once for all that waits:
// a second wake-up would cost a turn.
func TestTheLoopIsWokenOnceForAllThatWaits(t *testing.T) {
	k := &wakes{Sim: simkernel.New(1)}
	p := inboxOf(k)
	for range 2 {
		k.n = 0
		for n := range 3 {
			p.post(connected{Count: n})
		}
		events := p.inbox.take()
		if k.n != 1 || len(events) != 3 || events[0] != (connected{Count: 0}) || events[2] != (connected{Count: 2}) {
			t.Errorf("woken %d times for %v", k.n, events)
		}
	}
}

// Clients are answered while the loop runs, an order is carried out, and after the end
// there is an error instead of a wait.
func TestClientsAreAnsweredUntilTheLoopHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simkernel.New(1)
		_ = sim.Catch()
		sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
		said := &diary{}
		p := New(Config{
			Plan:  service.Plan{Init: service.Init{Grace: time.Second}, Services: []service.Spec{plain("web")}},
			Owner: byCommand, Kernel: sim, Output: said,
		})
		var clients sync.WaitGroup
		clients.Go(func() {
			ctx := context.Background()
			time.Sleep(time.Second)
			if a, err := p.Look(ctx, "web"); err != nil || a.Report.At < time.Second || a.Report.Stopping || a.Counts.Starts != 1 || a.Find("web").State != service.Up {
				t.Errorf("%+v, %v", a, err)
			}
			if err := p.Alive(ctx); err != nil {
				t.Error(err)
			}
			if a, err := p.Shutdown(ctx, false, " by a test"); err != nil || !a.Report.Stopping {
				t.Errorf("%+v, %v", a, err)
			}
		})
		if status := p.Run(); status != 0 {
			t.Errorf("status %d: %q", status, said.lines)
		}
		clients.Wait()
		if _, err := p.Look(context.Background(), "web"); !errors.Is(err, errLeaving) {
			t.Error(err)
		}
	})
}
