package machine

import (
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// What the machine remembers of the container's end, for the last line and the termination
// log.

// noteEnd remembers how a unit ended after the end of the container had begun.
func (u *unit) noteEnd(m *Machine, killed bool) {
	if m.keeping() {
		return
	}
	e := service.Ending{Service: u.spec.Name, Signal: u.lastSignal, Killed: killed}
	if u.lastSignal != 0 {
		e.After = m.now - u.stopAt
	}
	m.shutdown.ends = append(m.shutdown.ends, e)
	m.shutdown.killed = m.shutdown.killed || killed
}

// summary says how the container ended.
func (m *Machine) summary() service.Summary {
	s := &m.shutdown
	sum := service.Summary{Status: m.status, Reason: s.reason, Took: m.now - s.at, Ends: slices.Clone(s.ends)}
	u := s.cause
	sum.Ended = u != nil
	if u == nil && !s.asked {
		if u = m.failed(); u != nil {
			sum.Reason += "; " + u.spec.Name + ": " + u.reason()
		}
	}
	if worst := m.worstEnds(); u == nil && len(worst) > 0 {
		u = m.named(worst[0].Service)
		sum.Reason += fmt.Sprintf("; %s had to be killed", endNames(worst))
	}
	if u != nil {
		sum.Service, sum.Starts = u.spec.Name, u.begun
	}
	return sum
}

// worstEnds are the ends by KILL that count for the status: the services first, then strays
// of a service, then the other strays.
func (m *Machine) worstEnds() (worst []*service.Ending) {
	s := &m.shutdown
	for i := range s.ends {
		if e := &s.ends[i]; s.killed && e.Killed && !e.Outside {
			worst = append(worst, e)
		}
	}
	rank := func(e *service.Ending) int {
		switch {
		case e.PID == 0:
			return 0
		case e.Service != "" && !e.Claimed:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(worst, func(a, b *service.Ending) int { return rank(a) - rank(b) })
	return worst
}

// namedMost is how many names one reason has at most.
const namedMost = 5

func endNames(ends []*service.Ending) string {
	var names []string
	for _, e := range ends[:min(len(ends), namedMost)] {
		names = append(names, e.Name())
	}
	if more := len(ends) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}

// reason is how u ended, and why it was not started again.
func (u *unit) reason() string {
	if u.gaveUp != "" {
		return u.ended + "; " + u.gaveUp
	}
	return u.ended
}
