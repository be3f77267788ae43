package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// sweep is the loop's part in the end of everything that is left when the services are
// down. The machine orders it with TERM, and later with KILL.
type sweep struct {
	phase  sweepPhase
	signal proc.Signal
	killed machine.Instant // when KILL was sent last
}

type sweepPhase uint8

const (
	sweepIdle    sweepPhase = iota // none was ordered, or nothing is left
	sweepOrdered                   // the signal goes out when this turn's dead are reaped: what is gone needs none
	sweepSent                      // it went out, and we look whether anything is left
	sweepKilling                   // as sweepSent, and KILL goes out again and again
)

// killAgainEvery is how often KILL is repeated.
const killAgainEvery = 50 * time.Millisecond

// order begins a sweep, or goes on with another signal.
func (s *sweep) order(sig proc.Signal) { s.phase, s.signal = sweepOrdered, sig }

// ordered tells whether the signal has not gone out yet. Until then no deadline of the
// machine is heard: however late it is, what is left is signalled before we stop waiting.
func (s *sweep) ordered() bool { return s.phase == sweepOrdered }

// waits tells whether the machine waits to hear that nothing is left.
func (s *sweep) waits() bool { return s.phase == sweepSent || s.phase == sweepKilling }

// sent notes that the signal has gone out: to everything at once, or one by one to what a
// look at /proc has shown. Such a look can miss what forks all the time, so KILL is repeated.
func (s *sweep) sent(now machine.Instant, oneByOne bool) {
	if s.phase = sweepSent; oneByOne && s.signal == proc.KILL {
		s.phase, s.killed = sweepKilling, now
	}
}

// killDue tells whether KILL must go out once more.
func (s *sweep) killDue(now machine.Instant) bool {
	return s.phase == sweepKilling && now >= s.killed+killAgainEvery
}

// end notes that nothing is left.
func (s *sweep) end() { s.phase = sweepIdle }

// checkEmpty looks whether the groups and the sweep that we watch are empty by now.
func (p *PID1) checkEmpty() {
	for run := range p.trees {
		p.stepOrphans(run)
	}
	for run := range p.watched {
		if _, dying := p.runs[run]; !dying {
			p.signalGroup(run, 0)
		}
	}
	if p.sweep.waits() {
		if !p.Kernel.SignalAll(0) {
			p.nothingLeft()
		} else if p.sweep.killDue(p.now()) {
			for _, other := range p.Kernel.Others(lookAtMost) {
				p.Kernel.SignalOther(other, proc.KILL)
			}
			p.sweep.sent(p.now(), true)
		}
	}
}

// nothingLeft tells the machine that the sweep is over.
func (p *PID1) nothingLeft() {
	p.sweep.end()
	p.answers = append(p.answers, machine.Emptied{})
}

// sendSweep sends the signal of a sweep to everything that is left, and names it first:
// afterwards it may be gone. Where faults alone are told, the names are not wanted.
func (p *PID1) sendSweep() {
	if !p.sweep.ordered() {
		return
	}
	if !p.Kernel.SignalAll(0) { // usually nothing is left, and to look through /proc would cost more than all the rest
		p.nothingLeft()
		return
	}
	sig := p.sweep.signal
	oneByOne := !p.Kernel.First() || sig != proc.KILL && p.strays.anyAsked() // what was asked already is not asked again
	named := p.Plan.Init.Lines == service.AllLines || sig == proc.KILL
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
	left := p.sendTo(others, sig, oneByOne)
	if p.sweep.sent(p.now(), oneByOne); !left {
		p.nothingLeft()
	}
}

// sendTo sends the signal of a sweep to others one by one, or to everything at once. It tells
// whether anything is left.
func (p *PID1) sendTo(others []proc.Other, sig proc.Signal, oneByOne bool) (left bool) {
	if !oneByOne {
		if sig != proc.KILL && p.Kernel.SignalAll(sig) {
			sig = proc.CONT // what is stopped hears the first only then
		}
		return p.Kernel.SignalAll(sig)
	}
	for _, other := range others { // looking again would take time where there are many others
		if sig == proc.KILL || !p.strays.wasAsked(other) {
			p.signalOther(other, sig)
		}
	}
	return p.Kernel.SignalAll(0)
}
