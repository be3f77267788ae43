package pid1

import (
	"sexton/machine"
	"sexton/service"
)

// redacted is an event without secrets, so that neither the machine nor a trace ever has one: an error may show a part of
// a command, and a probe what another program says.
func (p *PID1) redacted(event machine.Event) machine.Event {
	if p.Redact == nil {
		return event
	}
	switch e := event.(type) {
	case machine.StartFailed:
		e.Err = p.Redact(e.Err)
		return e
	case machine.Hooked: // whose Output is without them already
		e.Err = p.Redact(e.Err)
		return e
	case machine.Probed: // likewise
		e.Err = p.Redact(e.Err)
		return e
	case machine.Notified:
		e.Status = p.Redact(e.Status)
		return e
	}
	return event
}

// printable is what another program said, for one of our lines: without secrets, and then cut.
func (p *PID1) printable(line string) string {
	if p.Redact != nil {
		line = p.Redact(line)
	}
	return service.Printable(line, lineMost)
}
