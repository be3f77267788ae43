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
// the machine when nobody is.
func (p *PID1) signalGroup(run service.Run, sig proc.Signal) {
	if hold := p.watched[run]; hold != nil && !hold.Signal(sig) {
		hold.Release()
		delete(p.watched, run)
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
)

func (p *PID1) lookFor() time.Duration {
	if by, ok := p.machine.LeaveBy(); ok {
		return min(lookAtMost, max(0, by-p.now())/lookShare)
	}
	return lookAtMost
}

// signalStrangers signals whoever is in no group of a live run. KILL comes when no
// time is left, and then the runs are killed as well.
func (p *PID1) signalStrangers(sig proc.Signal) {
	ours := make(map[proc.PID]bool, len(p.processes))
	for pid := range p.processes {
		ours[pid] = true
	}
	for _, hold := range p.watched {
		ours[hold.Group()] = true
	}
	by := p.now() + p.lookFor()
	others := p.Kernel.Others(by - p.now())
	tell := p.tellOf(others)
	everybody := sig == proc.KILL && p.Kernel.First()
	for _, other := range others {
		if !ours[other.Group] && !ours[other.PID] {
			tell(other)
			if !everybody && (p.now() < by || !p.Kernel.First()) {
				p.signalOther(other, sig)
			}
		}
	}
	if everybody {
		p.Kernel.SignalRest(sig)
	}
}

// signalOther sends sig, and CONT behind it, or who is stopped would not hear it.
func (p *PID1) signalOther(other proc.Other, sig proc.Signal) {
	p.Kernel.SignalOther(other, sig)
	if sig != proc.KILL {
		p.Kernel.SignalOther(other, proc.CONT)
	}
}

// sweepRest signals everything that is left, and names it first: afterwards it may be
// gone. With one command nobody wants the names.
func (p *PID1) sweepRest(sig proc.Signal) {
	if !p.Kernel.SignalRest(0) { // nobody is left as a rule: to look through /proc would cost more than all the rest
		p.nobodyLeft()
		return
	}
	first := p.Kernel.First()
	var others []proc.Other
	if !first || !p.Plan.Init.OneCommand {
		others = p.Kernel.Others(p.lookFor())
	}
	if !p.Plan.Init.OneCommand {
		tell := p.tellOf(others)
		for _, other := range others {
			tell(other)
		}
	}
	if _, _, children, err := p.Kernel.Peek(); err == nil && children {
		p.answers = append(p.answers, machine.Survived{})
	}
	left := false
	if first {
		if sig != proc.KILL && p.Kernel.SignalRest(sig) {
			sig = proc.CONT // what is stopped hears the first only then
		}
		left = p.Kernel.SignalRest(sig)
	} else { // to look for our descendants again takes time where there are many others
		for _, other := range others {
			p.signalOther(other, sig)
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

// family is who descends from whom among the processes of one look.
type family struct {
	*PID1
	parents map[proc.PID]proc.PID
}

func (p *PID1) familyOf(others []proc.Other) family {
	f := family{p, make(map[proc.PID]proc.PID, len(others))}
	for _, other := range others {
		f.parents[other.PID] = other.Parent
	}
	return f
}

// service is the name of the service that o comes from, "" if that is not known; claimed
// tells that there is no proof.
func (f family) service(o proc.Other) (name string, claimed bool) {
	owner := func(pid proc.PID) (string, bool) {
		if child := f.processes[pid]; child != nil {
			return f.Plan.Services[child.spec].Name, true
		}
		return "", false
	}
	for _, pid := range []proc.PID{o.Group, o.Session} {
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
		if _, known := f.index[name]; known {
			return name, true
		}
	}
	return "", false
}

// outside tells whether o came into our PID namespace from outside: its parents lead out
// of it (0), and not to us. As another process than the first we see descendants alone.
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
