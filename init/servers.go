package pid1

import (
	"time"

	"sexton/proc"
	"sexton/service"
)

// When a wrapper ends by itself, the server behind it (see core) is an orphan, and nothing
// proves any more where it came from. So we look for the server while the wrapper lives.

// firstLook is the age of a run at the first look. There are lookTimes looks, each at twice
// the age of the one before: a wrapper may have a lot to do before it starts its server, but
// not for minutes, and a look costs some system calls.
const (
	firstLook = time.Second
	lookTimes = 7
	looksMost = 64 // in one turn
)

// looksApart is the least time between two turns with looks. Each such turn reads the list of
// our children: at the start of a thousand services, a look in every turn would cost half of
// our processor time.
const looksApart = 100 * time.Millisecond

// planLook plans the next look at a run. Where no next run can follow, no server can be in its
// way.
func (p *PID1) planLook(child *child) {
	spec := child.handle.spec
	if spec.OneShot || spec.Restart == service.Never || child.looks >= lookTimes {
		return
	}
	if at := child.started + firstLook<<child.looks; p.nextLook == 0 || at < p.nextLook {
		p.nextLook = at
	}
}

// lookForServers looks at the runs whose time has come.
func (p *PID1) lookForServers() {
	if p.nextLook == 0 || p.now() < p.nextLook {
		return
	}
	p.nextLook = 0
	looked := 0
	for _, child := range p.runs {
		if child.looks < lookTimes && child.started+firstLook<<child.looks <= p.now() && looked < looksMost {
			looked++
			child.looks++
			t := &tree{leader: child.pid, handle: child.handle}
			inside, beyond := p.descendants(t, true)
			child.servers = child.servers[:0]
			for _, pid := range p.servers(t, inside, beyond) {
				if other, alive := p.Kernel.Look(pid); alive {
					child.servers = append(child.servers, other)
				}
			}
		}
		p.planLook(child)
	}
	if p.nextLook > 0 {
		p.nextLook = max(p.nextLook, p.now()+looksApart)
	}
}

// addServers adds the servers of a run that has ended by itself to its tree, with their
// descendants.
func (p *PID1) addServers(t *tree, child *child) {
	if child == nil {
		return
	}
	var roots []proc.PID
	for _, other := range child.servers {
		if now, alive := p.Kernel.Look(other.PID); alive && now.Started == other.Started {
			t.members[other.PID], roots = now, append(roots, other.PID)
		}
	}
	if len(roots) > 0 {
		for _, other := range p.Kernel.Below(roots, p.lookLeft()) {
			t.members[other.PID] = other
		}
	}
}
