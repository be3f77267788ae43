package pid1

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// preparing is the owner of a life: its preparations take their time, fail, or hang, by the
// seed and the run.
type preparing struct {
	Fixed
	life *life
	mu   sync.Mutex
	kept map[service.Run]bool
}

func (o *preparing) Prepare(ctx context.Context, _ *service.Spec, run service.Run) (bool, error) {
	kind := (o.life.seed + uint64(run)*7) % 11
	pause := []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 3 * time.Second}[kind%4]
	if kind == 9 { // until it is called off, and longer
		<-ctx.Done()
		pause = 50 * time.Millisecond
	}
	time.Sleep(pause)
	if kind == 10 {
		return run%2 == 0, errors.New("web.env, line 3: what is this?")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept == nil {
		o.kept = make(map[service.Run]bool)
	}
	o.kept[run] = true
	return false, nil
}

func (o *preparing) Release(run service.Run) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.kept, run)
}

// A preparation that hangs, as on a dead file system, keeps neither other services from their
// start nor the container from its end.
func TestPreparationThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}}
		plan := service.Plan{Init: service.Init{Grace: 10 * time.Second}}
		for range mostPreparations + 2 {
			plan.Services = append(plan.Services, service.Spec{Name: "slow" + string(rune('a'+len(plan.Services))), Command: []string{"slow"}, Prepare: true, Stop: stop})
		}
		plan.Services = append(plan.Services, service.Spec{Name: "web", Command: []string{"web"}, Stop: stop})
		said := &diary{}
		sim := simkernel.New(1)
		sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true, Stops: time.Millisecond} }
		_ = sim.Catch()
		p := New(Config{Plan: plan, Owner: blocked{byCommand, make(chan struct{})}, Kernel: sim, Output: said})
		done := make(chan int)
		over := make(chan struct{})
		go func() { status := p.Run(); close(over); done <- status }()
		time.Sleep(time.Minute)
		now, err := p.Look(t.Context(), "")
		if err != nil || now.Find("web").State != service.Up || now.Find("slowa").State != service.Starting {
			t.Fatalf("%v: %+v %+v", err, now.Report, said)
		}
		began := time.Now()
		sim.Send(proc.Caught{Signal: proc.TERM}, over)
		if status := <-done; status != 0 || time.Since(began) > time.Second {
			t.Errorf("it ended with %d after %v", status, time.Since(began))
		}
		close(p.Owner.(blocked).free)
	})
}

// blocked is an owner whose preparations end when the test does.
type blocked struct {
	Fixed
	free chan struct{}
}

func (b blocked) Prepare(context.Context, *service.Spec, service.Run) (bool, error) {
	<-b.free
	return false, nil
}

// stuck is an owner whose preparations hang until the test ends, whatever happens, as on a dead file system.
type stuck struct {
	Fixed
	end       chan struct{}
	now, most atomic.Int32
}

func (o *stuck) Prepare(context.Context, *service.Spec, service.Run) (bool, error) {
	o.most.Store(max(o.most.Load(), o.now.Add(1)))
	<-o.end
	return false, nil
}

// Each preparation that hangs holds a thread. However often a service is restarted, no more hang than there are
// threads for: Go's runtime would make another one, and a pids limit would end PID 1.
func TestPreparationsThatHangHaveThreads(t *testing.T) {
	web := gentle("web")
	web.Prepare = true
	owner := &stuck{Fixed: byCommand}
	play(t, func(s *scene) {
		s.config.Owner, owner.end = owner, make(chan struct{})
		s.config.Plan.Init.Rules = map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbRestart, To: []string{"web"}}}
		for i := range 6 {
			s.signal(time.Duration(i+1)*time.Second, proc.HUP)
		}
		s.signal(10*time.Second, proc.TERM)
	}, func(s *scene) {
		if reserved, _ := planThreads(&s.config.Plan); int(owner.most.Load()) != reserved {
			t.Errorf("%d preparations hang at once, and there are threads for %d", owner.most.Load(), reserved)
		}
		close(owner.end)
		synctest.Wait()
	}, web)
}
