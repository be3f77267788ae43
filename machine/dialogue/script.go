package dialogue

import (
	"sexton/machine"
	"sexton/service"
)

// Script reads the input of a dialogue, line by line. The first plan stands before the first
// event, and each later one before the event that brings it (reloaded).
type Script struct {
	Plan service.Plan // the one that runs
	Seed uint64

	next  service.Plan // what was read of the next one
	begun bool
}

// Line reads a line. event is nil for a line of a plan.
func (s *Script) Line(line string) (at machine.Instant, event machine.Event, err error) {
	plan, seed := &s.Plan, &s.Seed
	if s.begun {
		plan, seed = &s.next, new(uint64)
	}
	if ok, err := ParsePlanLine(line, plan, seed); ok || err != nil {
		return 0, nil, err
	}
	if at, event, err = ParseEvent(line); err != nil {
		return 0, nil, err
	}
	if _, reloaded := event.(machine.Reloaded); reloaded {
		s.Plan, event = s.next, machine.Reloaded{Plan: s.next}
	}
	s.begun, s.next = true, service.Plan{Init: s.Plan.Init}
	return at, event, nil
}
