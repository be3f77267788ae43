package pid1

import (
	"fmt"
	"time"

	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// The last words: what is still to be written out, and who is told how it ended.

// flushMax is how long writing out the last output may stand still.
const flushMax = 500 * time.Millisecond

// flush writes out the last output: to the end of the grace as long as somebody
// reads it.
func (p *PID1) flush() {
	most := max(flushMax, p.Plan.Init.Grace)
	if by, ok := p.machine.LeaveBy(); ok {
		most = outputTime(by-p.now(), p.Plan.Init.Grace)
	}
	p.Output.Flush(min(flushMax, most), most, p.sayLastWords)
}

// sayLastWords is for when everything else is written.
func (p *PID1) sayLastWords() {
	for _, words := range p.lastWords {
		p.say(words)
	}
	p.lastWords = nil
}

// outputTime is how long writing out the last output may take when so much of the
// grace is left: all of it but what our own end needs. Where there is nothing left, on a
// machine that gave us no time, our last words are still worth a moment: they say why.
func outputTime(left, grace time.Duration) time.Duration {
	spare := min(50*time.Millisecond, service.Reserve(grace)*2/5)
	return max(spare/2, left-spare)
}

// tellEnd tells who wants to know how it all ended. That may hang in a file system, and
// gets what is left of the grace at most.
func (p *PID1) tellEnd() {
	if p.Ended == nil {
		return
	}
	within := flushMax
	if by, ok := p.machine.LeaveBy(); ok {
		within = min(within, by-p.now())
	}
	p.Ended(p.summary, max(within, tellLeast))
}

// tellLeast is how long telling it may take however late it is: it says why.
const tellLeast = 20 * time.Millisecond

// tellStopping tells who wants to know that the end has begun: should we be killed
// before it is over, that is all that is known.
func (p *PID1) tellStopping() {
	if p.Stopping == nil {
		return
	}
	if stage := p.machine.Stage(); stage > p.stage {
		p.stage = stage
		p.Stopping(p.machine.Unfinished())
	}
}

// tellPassedOn is tellStopping where stop signals go to main, which ends by itself then.
func (p *PID1) tellPassedOn(c proc.Caught, rule service.Rule) {
	if p.Stopping == nil || p.Plan.Init.StopSignals != service.ForwardToMain || p.stage != machine.NotEnding || rule.Verb != service.VerbForward {
		return
	}
	switch c.Signal {
	case proc.TERM, proc.INT, proc.QUIT:
		p.Stopping(fmt.Sprintf("stopping: SIG%v %s, passed on to %s; not finished", c.Signal, forward.From(c, p.Kernel.NameOf), p.Plan.Init.Main))
	}
}
