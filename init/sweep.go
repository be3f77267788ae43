package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// What is left beside the services: who it is, and how it is signalled.

// checkEmpty looks whether what we watch is empty by now.
func (p *PID1) checkEmpty() {
	for run := range p.trees {
		p.stepOrphans(run)
	}
	for run := range p.watched {
		if _, dying := p.runs[run]; !dying {
			p.signalGroup(run, 0)
		}
	}
	switch {
	case !p.sweeping || p.sweep != 0:
	case !p.Kernel.SignalRest(0):
		p.nobodyLeft()
	default:
		p.killAgain()
	}
}

// signalGroup signals what is left of a group that is watched, 0 only asks, and tells
// the machine when nothing is left, there or of its tree beyond.
func (p *PID1) signalGroup(run service.Run, sig proc.Signal) {
	if hold := p.watched[run]; hold != nil && !hold.Signal(sig) && !p.treeLeft(run) {
		hold.Release()
		delete(p.watched, run)
		delete(p.trees, run)
		p.answers = append(p.answers, machine.Emptied{Run: run})
	}
}

// nobodyLeft tells the machine that the sweep is over.
func (p *PID1) nobodyLeft() {
	p.sweeping = false
	p.answers = append(p.answers, machine.Emptied{})
}

// beginSweep sends what a sweep that was ordered in this turn, or before it, has to send.
func (p *PID1) beginSweep() {
	if sig := p.sweep; sig != 0 {
		p.sweep = 0
		p.sweepRest(sig)
	}
}

// lookAtMost is how long we look at most for who is left, and lookShare the share of
// the time that is left which that may take: a fork bomb can make such a look last
// for many seconds, and we must be gone in time. Who was not seen is not named, and
// gets no TERM; KILL reaches everybody.
const (
	lookAtMost = 250 * time.Millisecond
	lookShare  = 8

	// lookShareRunning is the share of the grace that a look may take before the end has begun.
	lookShareRunning = 40
)

// lookLeft is what is left of the time for looking in this turn of the loop.
func (p *PID1) lookLeft() time.Duration {
	if p.lookUntil == 0 {
		p.lookUntil = p.now() + p.lookFor()
	}
	return max(0, p.lookUntil-p.now())
}

func (p *PID1) lookFor() time.Duration {
	if by, ok := p.machine.LeaveBy(); ok {
		return min(lookAtMost, max(0, by-p.now())/lookShare)
	}
	if grace := p.Plan.Init.Grace; grace > 0 { // the end may be asked for while we look
		return min(lookAtMost, grace/lookShareRunning)
	}
	return lookAtMost
}

// ladders are the groups of the runs, and what their ladders have reached beyond.
func (p *PID1) ladders() map[proc.PID]bool {
	ours := make(map[proc.PID]bool, len(p.processes))
	for pid := range p.processes {
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
			p.warned[other.PID], p.warnedGroups[other.Group] = other.Started, true
		}
	}
	if everybody {
		p.Kernel.SignalRest(sig)
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

// wasWarned tells whether a process has had its TERM as one that belongs to no service, or
// was born since into a group that has.
func (p *PID1) wasWarned(other proc.Other) bool {
	started, asked := p.warned[other.PID]
	return asked && started == other.Started || p.warnedGroups[other.Group]
}

// sweepRest signals everything that is left, and names it first: afterwards it may be
// gone. With one command nobody wants the names.
func (p *PID1) sweepRest(sig proc.Signal) {
	if !p.Kernel.SignalRest(0) { // nobody is left as a rule: to look through /proc would cost more than all the rest
		p.nobodyLeft()
		return
	}
	first := p.Kernel.First()
	oneByOne := !first || sig != proc.KILL && len(p.warned) > 0 // what was asked already is not asked again
	named := !p.Plan.Init.OneCommand || sig == proc.KILL
	var others []proc.Other
	if oneByOne || named {
		others = p.Kernel.Others(p.lookLeft())
	}
	if named {
		tell := p.tellOf(others)
		for _, other := range others {
			tell(other)
		}
	}
	if _, _, children, err := p.Kernel.Peek(); err == nil && children {
		p.answers = append(p.answers, machine.Survived{})
	}
	left := false
	if !oneByOne {
		if sig != proc.KILL && p.Kernel.SignalRest(sig) {
			sig = proc.CONT // what is stopped hears the first only then
		}
		left = p.Kernel.SignalRest(sig)
	} else { // to look for our descendants again takes time where there are many others
		for _, other := range others {
			if sig == proc.KILL || !p.wasWarned(other) {
				p.signalOther(other, sig)
			}
		}
		p.killing, p.killed = sig == proc.KILL, p.now()
		left = p.Kernel.SignalRest(0)
	}
	if !left {
		p.nobodyLeft()
	}
}

// killAgainEvery is how often KILL goes once more to our descendants where we are not the
// first process: who forks all the time can slip through one look at /proc.
const killAgainEvery = 50 * time.Millisecond

// killAgain kills who has come since.
func (p *PID1) killAgain() {
	if !p.killing || p.now() < p.killed+killAgainEvery {
		return
	}
	for _, other := range p.Kernel.Others(lookAtMost) {
		p.Kernel.SignalOther(other, proc.KILL)
	}
	p.killed = p.now()
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
			p.told[o.PID] = true
			name, claimed := f.service(o)
			p.answers = append(p.answers, machine.Left{
				PID: o.PID, Command: p.Kernel.NameOf(o.PID), Service: name, Claimed: claimed, Outside: f.outside(o),
			})
		}
	}
}
