package pid1

import (
	"time"

	"sexton/service"
)

// The last words: what is still to be written out, and who is told how it ended.

// drainMax is how long writing out the last output may stand still.
const drainMax = 500 * time.Millisecond

// drain writes out the last output: to the end of the grace as long as somebody
// reads it.
func (p *PID1) drain() {
	most := max(drainMax, p.Plan.Init.Grace)
	if by, ok := p.machine.LeaveBy(); ok {
		most = outputTime(by-p.now(), p.Plan.Init.Grace)
	}
	p.Output.Drain(min(drainMax, most), most, p.sayLastWords)
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

// tellEnd tells who wants to know how it all ended.
func (p *PID1) tellEnd() {
	if p.Ended != nil {
		p.Ended(p.summary)
	}
}
