package machine

import "fmt"

// Stage is how far the end of the container has come, as far as others need to know it
// before it is over.
type Stage uint8

const (
	NotEnding Stage = iota
	Draining        // asked to stop; the services go on as before
	Ending          // services are being stopped, or strays are
)

// Stage tells how far the end has come.
func (m *Machine) Stage() Stage {
	switch m.shutdown.phase {
	case running, finished:
		return NotEnding
	case draining:
		return Draining
	}
	return Ending
}

// Unfinished says in one line why the container ends. It is all that there is to read when
// a KILL from outside ends us before we are done.
func (m *Machine) Unfinished() string {
	s := &m.shutdown
	text := s.reason
	if s.cause != nil {
		text = s.cause.spec.Name + ": " + text
	}
	if s.phase == draining {
		text += "; draining"
	}
	if grace := m.plan.Init.Grace; grace > 0 {
		text += fmt.Sprintf("; grace %s", span(grace))
	}
	return text + "; not finished"
}
