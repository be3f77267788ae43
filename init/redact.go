package pid1

import "sexton/machine"

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
	case machine.Hooked:
		e.Err, e.Output = p.Redact(e.Err), p.Redact(e.Output)
		return e
	case machine.Probed: // whose Output is without them already
		e.Err = p.Redact(e.Err)
		return e
	}
	return event
}
