package pid1

import (
	"io"
	"strings"

	"sexton/machine"
	"sexton/machine/dialogue"
)

// A trace is a dialogue as machine's tests read it: what happened, and what was
// ordered.

func (p *PID1) traceHead() {
	if p.Trace == nil {
		return
	}
	p.traceText("# A run as it was traced; the machine must answer it in the same way.\nexact\n" +
		dialogue.FormatPlan(p.Plan, p.Seed))
}

func (p *PID1) trace(now machine.Instant, event machine.Event, actions []machine.Action) {
	if p.Trace == nil {
		return
	}
	text := dialogue.FormatEvent(now, event) + "\n----\n"
	for _, action := range actions {
		text += dialogue.FormatAction(now, action) + "\n"
	}
	if len(actions) == 0 {
		text += "(nothing)\n"
	}
	p.traceText(text + "\n")
}

// traceText writes to the trace. When that fails, the trace ends.
func (p *PID1) traceText(text string) {
	if _, err := io.WriteString(p.Trace, text); err != nil {
		p.Trace = nil
		p.Output.Say(machine.Warn, "", "the trace ends here: "+err.Error())
	}
}

// recentMax is how many events a broken machine leaves behind.
const recentMax = 64

// recent keeps the last events, for the report of a broken machine.
type recent struct {
	ring [recentMax]struct {
		at    machine.Instant
		event machine.Event
	}
	count int
}

func (r *recent) add(at machine.Instant, event machine.Event) {
	slot := &r.ring[r.count%recentMax]
	slot.at, slot.event = at, event
	r.count++
}

func (r *recent) lines() []string {
	var lines []string
	for i := max(0, r.count-recentMax); i < r.count; i++ {
		slot := &r.ring[i%recentMax]
		lines = append(lines, strings.Split(dialogue.FormatEvent(slot.at, slot.event), "\n")...) // a reload has several
	}
	return lines
}
