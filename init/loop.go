package pid1

import (
	"time"

	"sexton/machine"
)

// One turn of the loop, and how long it waits.

// watchEvery is how often we look whether a group or the namespace is empty:
// most of its processes are our children by then, whose death wakes us, but
// some have another parent.
const watchEvery = 20 * time.Millisecond

// trimAfter is how long we must have lived for it to be worth giving back what
// the start needed: a command that ends at once should not pay for it. What an
// answer needed is given back when nobody has asked for as long.
const trimAfter = 500 * time.Millisecond

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
		p.takeAnswers()         // what is gone by now was gone in time
		if !p.sweep.ordered() { // however late it is, what is left is signalled before we stop waiting for it
			p.take(machine.Ticked{})
		}
	}
	p.sendSweep()
	p.lookForServers()
	p.answerQuestions()
	p.lookAtMemory()
	p.notify()
	p.counts.TurnMax = max(p.counts.TurnMax, waits-began+p.now()-woke)
	p.sayUnforwarded(unforwardedEvery)
}

// answersMax is how many answers are taken before we listen again: a thousand
// starts must not keep TERM waiting.
const answersMax = 8

// patience is how long to wait: until the machine's next deadline or our next
// look at what we watch, for ever if there is neither, and not at all while
// there is something to do.
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
	if p.sweep.waits() || len(p.watched) > 0 || p.spares() {
		sooner(watchEvery)
	}
	if p.notice.again {
		sooner(notifyAgain)
	}
	if p.nextLook > 0 {
		sooner(p.nextLook - p.now())
	}
	if p.unforwarded.n > 0 {
		sooner(p.unforwarded.said + unforwardedEvery - p.now())
	}
	if !p.trimmed {
		if p.now() >= p.asked+trimAfter {
			p.trimmed = true
			if p.Plan.Init.Lean {
				if !p.settled {
					p.settle()
				}
				_ = p.Kernel.OutOfMemory()
			}
			p.Kernel.Trim()
		} else {
			sooner(p.asked + trimAfter - p.now())
		}
	}
	return wait
}
