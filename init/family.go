package pid1

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"sexton/proc"
	"sexton/service"
)

// Which process comes from which service. Group, session and parents prove it, and what was
// proved once is remembered. A process's environment (SEXTON_SERVICE) is only a claim: any
// process can write it.

// kinsman is a process that comes from a service. Its start tells it from a later process
// of the same number.
type kinsman struct {
	proc.Other
	handle  *handle
	claimed bool // there is no proof: it names the service itself, and runs as the service's user
}

// descendants returns the processes that come from a tree's run, or from an earlier run of the
// same service: those inside the run's group without its first process, and those beyond the
// group. held means that the first process still has its number.
func (p *PID1) descendants(t *tree, held bool) (inside, beyond []proc.Other) {
	var roots []proc.PID
	if held {
		roots = []proc.PID{t.leader}
	}
	var found []proc.Other
	claimed := make(map[proc.PID]bool)
	for _, orphan := range p.orphans() {
		if orphan.handle == t.handle {
			found, roots = append(found, orphan.Other), append(roots, orphan.PID)
			claimed[orphan.PID] = orphan.claimed
		}
	}
	for pid := range t.members {
		roots = append(roots, pid)
	}
	found = append(found, p.Kernel.Below(roots, p.lookLeft())...)
	for _, other := range found {
		switch {
		case held && other.PID == t.leader || p.children[other.PID] != nil:
		case other.Group == t.leader:
			inside = append(inside, other)
		default:
			beyond = append(beyond, other)
			if k, known := p.kin[other.PID]; !known || k.Started != other.Started {
				p.remember(kinsman{other, t.handle, claimed[other.PID] || claimed[other.Parent]})
			}
		}
	}
	return inside, beyond
}

// orphans returns our children that we did not start and whose service is known. One look
// serves for a whole turn.
func (p *PID1) orphans() []kinsman {
	if p.orphansKnown {
		return p.orphansSeen
	}
	p.orphansKnown, p.orphansSeen = true, nil
	children, _ := p.Kernel.Children()
	unknown := slices.DeleteFunc(children, func(pid proc.PID) bool { return p.children[pid] != nil })
	if len(unknown) == 0 {
		return nil
	}
	proof := p.proof()
	by := p.now() + p.lookLeft()
	for _, pid := range unknown {
		if p.now() > by {
			break
		}
		other, alive := p.Kernel.Look(pid)
		if !alive {
			continue
		}
		if k, ok := p.kinOf(other, proof); ok {
			p.orphansSeen = append(p.orphansSeen, k)
		}
	}
	return p.orphansSeen
}

// proof maps groups and sessions to the service whose processes hold them. First it forgets
// the remembered processes that have ended: their numbers may belong to others by now.
func (p *PID1) proof() map[proc.PID]*handle {
	proof := make(map[proc.PID]*handle)
	own, _ := p.Kernel.Look(0) // our session proves nothing: the service with the terminal is in it, and so may others be
	for other, k := range p.livingKin() {
		if !k.claimed && other.Session != own.Session {
			proof[other.Session], proof[other.Group] = k.handle, k.handle
		}
	}
	for pid, child := range p.children {
		if child.serves() {
			proof[pid] = child.handle
		}
	}
	for run, hold := range p.watched {
		if t := p.trees[run]; t != nil {
			proof[hold.Group()] = t.handle
		}
	}
	return proof
}

// livingKin iterates over the remembered processes as they are now, and forgets those that have ended.
func (p *PID1) livingKin() iter.Seq2[proc.Other, kinsman] {
	return func(yield func(proc.Other, kinsman) bool) {
		for pid, k := range p.kin {
			other, alive := p.Kernel.Look(pid)
			if !alive || other.Started != k.Started {
				delete(p.kin, pid)
			} else if !yield(other, k) {
				return
			}
		}
	}
}

// kinMost is how many processes are remembered before we look which of them have ended. We see the end of orphans,
// but not of a process whose parent reaps it.
const kinMost = 256

// remember notes where a process comes from.
func (p *PID1) remember(k kinsman) {
	if p.kin[k.PID] = k; len(p.kin) > p.kinLimit {
		living := 0
		for range p.livingKin() {
			living++
		}
		p.kinLimit = max(kinMost, 2*living)
	}
}

// kinOf tells which service an orphan comes from. A claim counts only when the orphan runs as
// the service's user, who could harm the service anyway. Otherwise any process could delay
// the stop of any service.
func (p *PID1) kinOf(o proc.Other, proof map[proc.PID]*handle) (kinsman, bool) {
	if k, known := p.kin[o.PID]; known && k.Started == o.Started {
		k.Other = o
		return k, true
	}
	for _, number := range []proc.PID{o.Group, o.Session} {
		if h := proof[number]; h != nil {
			return kinsman{o, h, false}, true
		}
	}
	if name := p.Kernel.ServiceOf(o.PID); name != "" {
		if h := p.handles[name]; h != nil && p.Kernel.UserOf(o.PID) == p.userOf(h) {
			return kinsman{o, h, true}, true
		}
	}
	return kinsman{}, false
}

// userOf is the user of a service's last run.
func (p *PID1) userOf(h *handle) int {
	if c := h.ranAs; c != nil {
		return c.UID
	}
	return p.Kernel.UserOf(0)
}

// core returns the descendants of a run that must not outlive it where the service is started
// again: the server behind a wrapper, with its descendants. Where nothing in the run's group
// listens, but a session that a member of the group has made does, the next run needs its
// addresses (postfix start-fg). Everything else stays: the sessions of an sshd, the jobs of a
// cron.
func (p *PID1) core(t *tree, inside, beyond []proc.Other) []proc.Other {
	chosen := make(map[proc.PID]bool)
	for pid, other := range t.members {
		chosen[pid], chosen[other.Session] = true, true
	}
	if t.step == 0 {
		for _, pid := range p.servers(t, inside, beyond) {
			chosen[pid] = true
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	for grown := true; grown; {
		grown = false
		for _, other := range beyond {
			if !chosen[other.PID] && (chosen[other.Parent] || chosen[other.Session]) {
				chosen[other.PID], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(beyond), func(o proc.Other) bool { return !chosen[o.PID] })
}

// listenMost is how long we look for listening sockets. A thousand sockets take a millisecond,
// and any process in our network namespace can open a hundred times as many.
const listenMost = 50 * time.Millisecond

// servers returns the listening leaders of sessions that members of the run's group have made,
// where nothing in the group listens.
func (p *PID1) servers(t *tree, inside, beyond []proc.Other) []proc.PID {
	group := []proc.PID{t.leader}
	for _, other := range inside {
		group = append(group, other.PID)
	}
	var made []proc.PID
	for _, other := range beyond {
		if other.PID == other.Session && slices.Contains(group, other.Parent) {
			made = append(made, other.PID)
		}
	}
	if len(made) == 0 {
		return nil
	}
	listens := p.Kernel.Listening(append(slices.Clone(group), made...), min(listenMost, p.lookLeft()))
	if slices.ContainsFunc(group, func(pid proc.PID) bool { return listens[pid] }) {
		return nil
	}
	return slices.DeleteFunc(made, func(pid proc.PID) bool { return !listens[pid] })
}

// family holds the parents of the processes that one look has shown.
type family struct {
	*PID1
	parents map[proc.PID]proc.PID
	started map[proc.PID]uint64
}

func (p *PID1) familyOf(others []proc.Other) family {
	f := family{p, make(map[proc.PID]proc.PID, len(others)), make(map[proc.PID]uint64, len(others))}
	for _, other := range others {
		f.parents[other.PID], f.started[other.PID] = other.Parent, other.Started
	}
	return f
}

// service returns the name of the service that o comes from, "" if it is not known. claimed
// means that there is no proof.
func (f family) service(o proc.Other) (name string, claimed bool) {
	owner := func(pid proc.PID) (string, bool) {
		if child := f.children[pid]; child != nil {
			return child.handle.name(), true
		}
		if k, known := f.kin[pid]; known && f.started[pid] == k.Started && !k.claimed {
			return k.handle.name(), true
		}
		return "", false
	}
	for _, pid := range []proc.PID{o.PID, o.Group, o.Session} {
		if name, ok := owner(pid); ok {
			return name, false
		}
	}
	for up, steps := o.Parent, 0; up > 1 && steps < len(f.parents); up, steps = f.parents[up], steps+1 {
		if name, ok := owner(up); ok {
			return name, false
		}
	}
	if name := f.Kernel.ServiceOf(o.PID); name != "" {
		if f.handles[name] != nil {
			return name, true
		}
	}
	return "", false
}

// outside tells whether o came into our PID namespace from outside: its parents lead out of
// it (0), and not to us. Where we are not the first process, we see only descendants.
func (f family) outside(o proc.Other) bool {
	up := o.Parent
	for steps := 0; up > 1 && steps < len(f.parents); steps++ {
		next, seen := f.parents[up]
		if !seen {
			return false
		}
		up = next
	}
	return up == 0
}

// hasLadder tells whether o comes from a service that runs. It gets the signals of that
// service's stop when their turn comes.
func (f family) hasLadder(o proc.Other) bool {
	name, claimed := f.service(o)
	if name == "" || claimed && f.Kernel.UserOf(o.PID) != f.userOf(f.handles[name]) || f.outside(o) {
		return false
	}
	for _, child := range f.runs {
		if child.handle == f.handles[name] {
			return true
		}
	}
	return false
}

// behind names a process that a run which ended well by itself has left running, as a program
// does that puts itself into the background; "" for none. stays means that the process comes
// from this run for certain, and is not in its group. Where there is no proof, behind names an
// orphan that is younger than the run and claims no service.
func (p *PID1) behind(child *child, exit proc.Exit) (name string, stays bool) {
	spec := child.handle.spec
	if _, stopping := p.machine.LeaveBy(); stopping || p.Plan.Init.StopReach == service.ReachGroup || spec.OneShot || exit.Signal != 0 || !slices.Contains(spec.OKCodes, exit.Code) {
		return "", false
	}
	p.orphansKnown = false // the death has made new orphans
	known := make(map[proc.PID]bool)
	first, _ := p.Kernel.Look(child.pid)
	for _, orphan := range p.orphans() {
		known[orphan.PID] = true
		if orphan.handle != child.handle || !younger(orphan.Other, first) || child.isServer(orphan.Other) {
			continue
		}
		if orphan.Group != child.pid {
			return p.called(orphan.Other), true
		}
		if name == "" {
			name = p.called(orphan.Other)
		}
	}
	children, _ := p.Kernel.Children()
	for _, pid := range children {
		if name != "" {
			break
		}
		if p.children[pid] != nil || known[pid] {
			continue
		}
		if o, alive := p.Kernel.Look(pid); alive && younger(o, first) && p.guessed[pid] != o.Started && p.Kernel.ServiceOf(pid) == "" {
			name, p.guessed[pid] = p.called(o), o.Started
		}
	}
	return name, false
}

// isServer tells whether a process is a server behind the child. It ends with the child: see
// addServers.
func (c *child) isServer(o proc.Other) bool {
	return slices.ContainsFunc(c.servers, func(s proc.Other) bool { return s.PID == o.PID && s.Started == o.Started })
}

// younger tells whether a was started after b. The kernel tells times in hundredths of a
// second; within one, the higher number is the younger.
func younger(a, b proc.Other) bool {
	return a.Started > b.Started || a.Started == b.Started && a.PID > b.PID
}

// called returns a process's name and number for messages. A process that has just ended has
// no name any more.
func (p *PID1) called(o proc.Other) string {
	if p.Kernel.NameOf(o.PID) == "" {
		return fmt.Sprintf("pid %d", o.PID)
	}
	return fmt.Sprintf("%s (pid %d)", p.Kernel.NameOf(o.PID), o.PID)
}
