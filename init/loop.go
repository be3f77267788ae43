package pid1

import (
	"time"

	"sexton/machine"
)

// One turn of the loop, and how long it waits.

// watchEvery is how often we look whether a group or the namespace is empty. Most of its
// processes are our children by then, and their death wakes us, but some have another parent.
const watchEvery = 20 * time.Millisecond

// trimAfter is how long after the last start of the boot we give back the memory that the boot
// needed: a command that ends before does not pay for that. The memory that an answer needed is
// given back when no client has asked for as long.
const trimAfter = 500 * time.Millisecond

// bootMost is how long starts count as the boot: a service that crashes again and again must
// not keep us from giving back memory.
const bootMost = 10 * time.Second

// turn waits for something to happen and deals with it.
func (p *PID1) turn() {
	began := p.now()
	p.lookUntil, p.orphansKnown = 0, false
	for n := 0; len(p.answers) > 0 && n < answersMax; n++ {
		p.takeAnswer()
	}
	if p.machine.Over() {
		return
	}
	patience := p.patience()
	waits := p.now()
	news := p.Kernel.Wait(patience)
	woke := p.now()
	for _, c := range news.Signals {
		p.takeAnswers()
		p.caught(c)
	}
	if news.ChildDied || p.moreDead {
		p.collect()
	}
	p.takeEvents()
	p.checkEmpty()
	if at, ok := p.machine.Next(); ok && at <= p.now() {
		p.takeAnswers()         // what has ended by now has ended in time
		if !p.sweep.ordered() { // see sweep.ordered
			p.take(machine.Ticked{})
		}
	}
	p.tellDue()
	p.sendSweep()
	p.lookForServers()
	p.answerQuestions()
	p.lookAtMemory()
	p.measure()
	p.notify()
	p.counts.TurnMax = max(p.counts.TurnMax, waits-began+p.now()-woke)
	p.sayUnforwarded(unforwardedEvery)
}

// answersMax is how many answers are taken before we listen for signals again: a thousand
// starts must not delay TERM.
const answersMax = 8

// patience is how long the loop may wait: until the machine's next deadline or our next look
// at what we watch; without limit (-1) if there is neither; not at all (0) while there is
// something to do.
func (p *PID1) patience() time.Duration {
	if len(p.answers) > 0 || p.moreDead || p.sweep.ordered() {
		return 0
	}
	wait := time.Duration(-1)
	sooner := func(d time.Duration) {
		if d = max(0, d); wait < 0 || d < wait {
			wait = d
		}
	}
	if at, ok := p.machine.Next(); ok {
		sooner(at - p.now())
	}
	if d, ok := p.timetable.wait(); ok {
		sooner(d)
	}
	if p.sweep.waits() || len(p.watched) > 0 || p.spares() {
		sooner(watchEvery)
	}
	if p.notice.again {
		sooner(notifyAgain)
	}
	if p.nextLook > 0 {
		sooner(p.nextLook - p.now())
	}
	if p.memory.next > 0 && !p.memory.busy {
		sooner(p.memory.next - p.now())
	}
	if p.unforwarded.n > 0 {
		sooner(p.unforwarded.said + unforwardedEvery - p.now())
	}
	if !p.trimmed {
		if p.now() >= p.busyAt+trimAfter {
			p.trimmed = true
			if p.Plan.Init.Lean {
				if !p.reserved {
					p.reserveThreads()
				}
				_ = p.Kernel.OutOfMemory()
			}
			p.Kernel.Trim(!p.Plan.Init.Lean)
		} else {
			sooner(p.busyAt + trimAfter - p.now())
		}
	}
	return wait
}
