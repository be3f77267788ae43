package machine

import (
	"fmt"
	"time"

	"sexton/service"
)

// say tells people something about u, or, with nil, about the container.
func (m *Machine) say(level Level, u *unit, text string) {
	if !m.heard(level) {
		return
	}
	name := ""
	if u != nil {
		name = u.spec.Name
	}
	m.do(Say{Level: level, Service: name, Text: text})
}

// heard tells whether lines of a level are printed.
func (m *Machine) heard(level Level) bool { return level+Level(m.plan.Init.Mute) <= Debug }

// sayf is say for text that costs time to make: it is made only if the line is printed.
func (m *Machine) sayf(level Level, u *unit, format string, args ...any) {
	if m.heard(level) {
		m.say(level, u, fmt.Sprintf(format, args...))
	}
}

// endLevel is how much an end of u matters. Where faults alone are told, the exit status
// says how main has ended.
func (m *Machine) endLevel(u *unit, otherwise Level) Level {
	if m.plan.Init.Lines == service.FaultsOnly && u == m.main() && !u.refused {
		return Info
	}
	return otherwise
}

// shutdownLevel is how much the way down matters, where all of it goes well.
func (m *Machine) shutdownLevel() Level {
	if m.plan.Init.Lines == service.FaultsOnly {
		return Debug
	}
	return Info
}

// span writes a length of time for people.
func span(d time.Duration) string { return service.Span(d) }
