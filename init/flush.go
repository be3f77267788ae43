package pid1

import (
	"fmt"
	"time"

	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// The last lines: what is still to be written, and who is told how everything ended.

// flushMax is how long the last output may stand still before we give it up.
const flushMax = 500 * time.Millisecond

// flush writes the last output, until the end of the grace as long as it is read.
func (p *PID1) flush() {
	most := max(flushMax, p.Plan.Init.Grace)
	if by, ok := p.machine.LeaveBy(); ok {
		most = outputTime(by-p.now(), p.Plan.Init.Grace)
	}
	p.Output.Flush(min(flushMax, most), most, p.sayLastWords)
}

// sayLastWords says the lines that come after everything else.
func (p *PID1) sayLastWords() {
	for _, words := range p.lastWords {
		p.say(words)
	}
	p.lastWords = nil
}

// outputTime is how long the last output may take when so much of the grace is left: all of
// it except what our own end needs. Where nothing is left, because the machine was too busy,
// our last lines still get a moment: they say why we end.
func outputTime(left, grace time.Duration) time.Duration {
	spare := min(50*time.Millisecond, service.Reserve(grace)*2/5)
	return max(spare/2, left-spare)
}

// tellEnd calls Ended, which gets what is left of the grace at most, because it may hang in a
// file system.
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

// tellLeast is what Ended gets however late it is: it writes down why we end.
const tellLeast = 20 * time.Millisecond

// tellStopping calls Stopping when the end begins. If we are killed before the end is over,
// that reason is all that will be known.
func (p *PID1) tellStopping() {
	if p.Stopping == nil {
		return
	}
	if stage := p.machine.Stage(); stage > p.stage {
		p.stage = stage
		p.Stopping(p.machine.Unfinished())
	}
}

// tellPassedOn calls Stopping when a stop signal goes to main, which then ends by itself.
func (p *PID1) tellPassedOn(c proc.Caught, rule service.Rule) {
	if p.Stopping == nil || p.Plan.Init.StopSignals != service.ForwardToMain || p.stage != machine.NotEnding || rule.Verb != service.VerbForward {
		return
	}
	switch c.Signal {
	case proc.TERM, proc.INT, proc.QUIT:
		p.Stopping(fmt.Sprintf("stopping: SIG%v %s, passed on to %s; not finished", c.Signal, forward.From(c, p.Kernel.NameOf), p.Plan.Init.Main))
	}
}
