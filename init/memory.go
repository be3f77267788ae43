package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// The services that have a max_memory are measured once a second, beside the loop. Without such a service that runs,
// nothing is measured and the loop is not woken.

// measureEvery is the pause between two measurements.
const measureEvery = time.Second

// measureAgain is the pause before a family that is above its limit is measured again. A process between vfork(2) and exec
// shows the memory of its parent as its own; what is above the limit twice is really above it.
const measureAgain = 50 * time.Millisecond

type memory struct {
	next machine.Instant // 0: nothing is to be measured
	busy bool            // a measurement is on its way
}

// measured is one service, and what its family holds.
type measured struct {
	run   service.Run
	roots []proc.Other
	most  int64
	bytes int64
}

// limitsMemory tells whether a service of the plan has a max_memory.
func limitsMemory(plan *service.Plan) bool {
	for i := range plan.Services {
		if plan.Services[i].MaxMemory > 0 {
			return true
		}
	}
	return false
}

// watchMemory begins to measure, unless that has begun.
func (p *PID1) watchMemory() {
	if p.memory.next == 0 && p.Footprints != nil {
		p.memory.next = p.now() + measureEvery
	}
}

// measure starts a measurement that is due.
func (p *PID1) measure() {
	if p.memory.next == 0 || p.memory.busy || p.now() < p.memory.next {
		return
	}
	p.memory.next = 0
	families := p.families()
	if len(families) == 0 {
		return
	}
	p.memory.next, p.memory.busy = p.now()+measureEvery, true
	go func() {
		_ = guarded(func() error { p.fillIn(families); return nil })
		p.post(footprints(families))
	}()
}

// families are the services to be measured: the first process of each, and those that have left it.
func (p *PID1) families() (all []measured) {
	at := make(map[*handle]int)
	for run, child := range p.runs {
		if most := child.handle.spec.MaxMemory; most > 0 {
			at[child.handle] = len(all)
			all = append(all, measured{run: run, most: most, roots: []proc.Other{{PID: child.pid}}})
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, k := range p.kin {
		if i, limited := at[k.handle]; limited && !k.claimed {
			all[i].roots = append(all[i].roots, k.Other)
		}
	}
	return all
}

// fillIn measures all families, and those above their limits once more. It runs beside the loop.
func (p *PID1) fillIn(families []measured) {
	roots := func() (all [][]proc.Other) {
		for i := range families {
			all = append(all, families[i].roots)
		}
		return all
	}
	above := false
	for i, bytes := range p.Footprints(roots()) {
		families[i].bytes = bytes
		above = above || bytes > families[i].most
	}
	if !above {
		return
	}
	time.Sleep(measureAgain)
	for i, bytes := range p.Footprints(roots()) {
		families[i].bytes = min(families[i].bytes, bytes)
	}
}

// footprints are the families as they were measured.
type footprints []measured

// arrive tells the machine which services are too large.
func (f footprints) arrive(p *PID1) {
	p.memory.busy = false
	p.takeAnswers()
	for _, m := range f {
		if child := p.runs[m.run]; child != nil && !p.machine.Over() && m.bytes > child.handle.spec.MaxMemory && child.handle.spec.MaxMemory > 0 {
			p.take(machine.Outgrown{Run: m.run, Bytes: m.bytes})
		}
	}
}
