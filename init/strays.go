package pid1

import (
	"sexton/machine"
	"sexton/proc"
)

// strays are the processes that belong to no service which still runs: a daemon that
// slipped out of its group, a shell that somebody opened. These are the ones that we have
// dealt with.
type strays struct {
	told        map[proc.PID]bool   // the machine was told of them, and they have not ended as far as we see
	asked       map[proc.PID]uint64 // they have got their TERM: when they were started
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

// ask notes that a stray gets its TERM.
func (s *strays) ask(other proc.Other) {
	if s.asked == nil {
		s.asked, s.askedGroups = make(map[proc.PID]uint64), make(map[proc.PID]bool)
	}
	s.asked[other.PID], s.askedGroups[other.Group] = other.Started, true
}

// anyAsked tells whether any stray has got its TERM.
func (s *strays) anyAsked() bool { return len(s.asked) > 0 }

// wasAsked tells whether a process has got its TERM, or was born since into a group that
// has.
func (s *strays) wasAsked(other proc.Other) bool {
	started, asked := s.asked[other.PID]
	return asked && started == other.Started || s.askedGroups[other.Group]
}

// ladders are the groups of the runs, and what their ladders have reached beyond.
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

// signalStrays signals what no ladder reaches. KILL comes when no time is left, and then
// the runs are killed as well.
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

// signalOther sends sig, and CONT with it: a stopped process hears it only then. Behind a
// stop signal CONT would discard it.
func (p *PID1) signalOther(other proc.Other, sig proc.Signal) {
	if sig.Stops() {
		p.Kernel.SignalOther(other, proc.CONT)
	}
	p.Kernel.SignalOther(other, sig)
	if sig != proc.KILL && !sig.Stops() {
		p.Kernel.SignalOther(other, proc.CONT)
	}
}

// tellMost is how many are told of at once. There may be thousands, and to find
// out what is known of one takes a few reads.
const tellMost = 20

// tellOf makes the function that tells the machine of one of others. The service that a
// process comes from is proved by its group or session or by its parents; its environment
// is only its own word.
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
