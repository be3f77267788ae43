package machine

import (
	"fmt"
	"time"

	"sexton/service"
)

// say tells people something about u, or with nil about the container.
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

// heard tells whether anybody listens to lines of a level.
func (m *Machine) heard(level Level) bool { return level+Level(m.plan.Init.Mute) <= Debug }

// sayf is say for what takes some making: the words are put together only if
// somebody listens.
func (m *Machine) sayf(level Level, u *unit, format string, args ...any) {
	if m.heard(level) {
		m.say(level, u, fmt.Sprintf(format, args...))
	}
}

// endLevel is how much an end of u matters that is its own affair: in the
// one-command form what becomes of the command is told by its exit status.
func (m *Machine) endLevel(u *unit, otherwise Level) Level {
	if m.plan.Init.OneCommand && u == m.main() && !u.refused {
		return Info
	}
	return otherwise
}

// shutdownLevel: with one command there is nothing to say about the way down.
func (m *Machine) shutdownLevel() Level {
	if m.plan.Init.OneCommand {
		return Debug
	}
	return Info
}

// span writes a length of time for people.
func span(d time.Duration) string { return service.Span(d) }
