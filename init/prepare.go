package pid1

import (
	"context"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// mostPreparations is how many preparations may be on their way at once. More wait for a
// place: each one may hold a thread for as long as a file system hangs.
const mostPreparations = 8

// preparationsOf returns how many preparations of a plan may be on their way at once: one for each service that has
// something to prepare, and one more. A service that is stopped and started again may find its last
// preparation still hanging.
func preparationsOf(plan *service.Plan) int {
	n := 0
	for i := range plan.Services {
		if plan.Services[i].Prepare {
			n++
		}
	}
	if n > 0 {
		n++
	}
	return min(n, mostPreparations)
}

// newPlaces makes places that are all taken: allowPreparations gives them free.
func newPlaces() chan struct{} {
	places := make(chan struct{}, mostPreparations)
	for range mostPreparations {
		places <- struct{}{}
	}
	return places
}

// allowPreparations lets n preparations be on their way at once, if it was fewer until now. There are
// threads for as many.
func (p *PID1) allowPreparations(n int) {
	for ; p.allowed < n; p.allowed++ {
		<-p.places
	}
}

// preparation is a start that waits for Owner.Prepare.
type preparation struct {
	call   context.CancelFunc
	handle *handle
	spec   *service.Spec
}

// prepared is the end of a preparation.
type prepared struct {
	run     service.Run
	passing bool
	err     error
}

// prepare does beside the loop what comes before a start. The spec is the one of this moment: a
// reload may bring another one before the start, which does not concern this run.
func (p *PID1) prepare(a machine.Prepare) {
	h := p.handles[a.Service]
	ctx, cancel := context.WithCancel(context.Background())
	spec := h.spec
	p.preparing[a.Run] = &preparation{cancel, h, spec}
	go func() {
		select {
		case p.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		passing := false
		err := guarded(func() (err error) {
			passing, err = p.Owner.Prepare(ctx, spec, a.Run)
			return err
		})
		<-p.places
		if ctx.Err() != nil {
			p.Owner.Release(a.Run)
			return
		}
		p.post(prepared{a.Run, passing, err})
	}()
}

// arrive tells the machine, unless the start was called off meanwhile.
func (e prepared) arrive(p *PID1) {
	if p.takeAnswers(); p.preparing[e.run] == nil || p.machine.Over() {
		p.Owner.Release(e.run)
		return
	}
	p.preparing[e.run].call()
	if e.err == nil {
		p.take(machine.Prepared{Run: e.run})
		return
	}
	delete(p.preparing, e.run)
	p.Owner.Release(e.run)
	p.counts.Refused++
	p.take(machine.StartFailed{Run: e.run, Err: e.err.Error(), Status: service.ExitCannotRun, Passing: e.passing})
}

// specFor is by which spec a run starts, and its handle: the one that was prepared, or by which
// its before_start has run, or the present one.
func (p *PID1) specFor(a machine.Spawn) (*handle, *service.Spec) {
	h := p.handles[a.Service]
	spec := h.spec
	if w := p.preparing[a.Run]; w != nil {
		delete(p.preparing, a.Run)
		h, spec = w.handle, p.Owner.Filled(w.spec, a.Run)
	} else if h.ran != nil && h.ranAt == a.Run {
		spec = h.ran
	}
	if h.ran = nil; spec.Hooks.Any() {
		h.ran, h.ranAt = spec, a.Run
	}
	return h, spec
}

// release drops what the preparation of a run has kept for its start, which was made or will
// not be.
func (p *PID1) release(spec *service.Spec, run service.Run) {
	if spec.Prepare {
		p.Owner.Release(run)
	}
}

// calledOff answers a start that will not be made. The status is that of a program which
// TERM ended at once.
func calledOff(run service.Run) machine.StartFailed {
	return machine.StartFailed{Run: run, Err: "it was stopped first", Status: proc.TERM.Status()}
}
