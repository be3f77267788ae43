package pid1

import (
	"sexton/machine"
	"sexton/proc"
)

// strays remembers what we did with strays: processes that belong to no running service, such
// as a daemon that has left its group, or a shell from docker exec.
type strays struct {
	told        map[proc.PID]bool   // the machine was told of them, and we have not seen their end
	asked       map[proc.PID]uint64 // got their TERM; with the start of each
	askedGroups map[proc.PID]bool
}

// tell notes that the machine is told of a stray.
func (s *strays) tell(pid proc.PID) {
	if s.told == nil {
		s.told = make(map[proc.PID]bool)
	}
	s.told[pid] = true
}

// ended tells whether a process that has ended is one that the machine was told of.
func (s *strays) ended(pid proc.PID) bool {
	told := s.told[pid]
	delete(s.told, pid)
	return told
}

// ask notes that a stray gets its TERM, and its group with it.
func (s *strays) ask(other proc.Other) {
	if s.asked == nil {
		s.asked, s.askedGroups = make(map[proc.PID]uint64), make(map[proc.PID]bool)
	}
	s.asked[other.PID], s.askedGroups[other.Group] = other.Started, true
}

// anyAsked tells whether any stray has got its TERM.
func (s *strays) anyAsked() bool { return len(s.asked) > 0 }

// wasAsked tells whether a process has got its TERM, or belongs to a group that has.
func (s *strays) wasAsked(other proc.Other) bool {
	started, asked := s.asked[other.PID]
	return asked && started == other.Started || s.askedGroups[other.Group]
}

// ladders returns the groups of the runs, and the groups and members of their trees.
func (p *PID1) ladders() map[proc.PID]bool {
	ours := make(map[proc.PID]bool, len(p.children))
	for pid := range p.children {
		ours[pid] = true
	}
	for _, hold := range p.watched {
		ours[hold.Group()] = true
	}
	for _, t := range p.trees {
		for pid := range t.members {
			ours[pid] = true
		}
		for group := range t.stepped {
			ours[group] = true
		}
	}
	return ours
}

// signalStrays signals the processes that no service's stop reaches. KILL comes when no time is
// left, and then kills the runs as well.
func (p *PID1) signalStrays(sig proc.Signal) {
	ours := p.ladders()
	by := p.now() + p.lookLeft()
	others := p.Kernel.Others(by - p.now())
	tell, f := p.tellOf(others), p.familyOf(others)
	everybody := sig == proc.KILL && p.Kernel.First()
	for _, other := range others {
		if ours[other.Group] || ours[other.PID] || sig != proc.KILL && f.hasLadder(other) {
			continue
		}
		tell(other)
		if !everybody && (p.now() < by || !p.Kernel.First()) {
			p.signalOther(other, sig)
			p.strays.ask(other)
		}
	}
	if everybody {
		p.Kernel.SignalAll(sig)
	}
}

// signalOther sends sig and then CONT, without which a stopped process does not act on sig.
// CONT would discard a stop signal, so it goes before one.
func (p *PID1) signalOther(other proc.Other, sig proc.Signal) {
	if sig.Stops() {
		p.Kernel.SignalOther(other, proc.CONT)
	}
	p.Kernel.SignalOther(other, sig)
	if sig != proc.KILL && !sig.Stops() {
		p.Kernel.SignalOther(other, proc.CONT)
	}
}

// tellMost is how many strays are named at once. There may be thousands, and each takes a few
// reads.
const tellMost = 20

// tellOf makes the function that tells the machine of one of others. Its group, its session or
// its parents prove which service a process comes from; its environment is only a claim.
func (p *PID1) tellOf(others []proc.Other) func(proc.Other) {
	f := p.familyOf(others)
	told := 0
	return func(o proc.Other) {
		if told++; told <= tellMost {
			p.strays.tell(o.PID)
			name, claimed := f.service(o)
			p.answers = append(p.answers, machine.Stray{
				PID: o.PID, Command: p.Kernel.NameOf(o.PID), Service: name, Claimed: claimed, Outside: f.outside(o),
			})
		}
	}
}
