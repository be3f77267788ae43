package machine

import (
	"fmt"
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// What is remembered of the container's end, for the last line and for the
// termination log.

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

// leftMax is how many processes are named that are left.
const leftMax = 20

// left: one more process is there that belongs to no service which still runs,
// and gets the signal of the present sweep.
func (m *Machine) left(e Left) {
	s := &m.shutdown
	u := m.named(e.Service)
	if m.keeping() {
		if e.Killed {
			m.sayf(Warn, u, "%s (pid %d) is still there; killing it", e.Command, e.PID)
		}
		return
	}
	hard := s.phase == sweepingHard || s.late || e.Killed
	at := slices.IndexFunc(s.ends, func(end service.Ending) bool { return end.PID == e.PID && end.Command == e.Command })
	if at < 0 {
		if at = len(s.ends); at >= len(m.units)+leftMax {
			return
		}
		end := service.Ending{PID: e.PID, Command: e.Command, Outside: e.Outside}
		if u != nil {
			end.Service, end.Claimed = e.Service, e.Claimed
		}
		s.ends = append(s.ends, end)
	} else if s.ends[at].Signal != 0 && !hard {
		return // it has been told of
	}
	end := &s.ends[at]
	switch {
	case hard:
		since, asked := s.leftAt[e.PID]
		if !asked {
			since = max(s.sweepAt, s.at)
		}
		if e.Killed && u != nil && u.state.Live() {
			since = u.stopAt
		}
		end.Signal, end.Killed, end.After = proc.KILL, true, m.now-since
		delete(s.leftAt, e.PID)
		s.killed = s.killed || s.phase == stoppingUnits && !e.Outside // later Survived tells of those that count
		m.sayf(Warn, u, "%s (pid %d) is still there; killing it", e.Command, e.PID)
	case u != nil && e.Claimed:
		m.askLeft(end)
		m.sayf(m.sweepLevel(Info), u, "%s (pid %d), which is of this service by its own word alone (SEXTON_SERVICE), is still there; sending it SIGTERM", e.Command, e.PID)
	case u != nil:
		m.askLeft(end)
		m.sayf(m.sweepLevel(Info), u, "%s (pid %d), which it has started, is still there; sending it SIGTERM", e.Command, e.PID)
	case e.Outside:
		m.askLeft(end)
		m.sayf(m.sweepLevel(Info), nil, "%s (pid %d), which came into the container from outside, is left; sending it SIGTERM", e.Command, e.PID)
	default:
		m.askLeft(end)
		m.sayf(m.sweepLevel(Info), nil, "%s (pid %d), of no service that we know, is left; sending it SIGTERM", e.Command, e.PID)
	}
}

// askLeft: what is left gets TERM.
func (m *Machine) askLeft(end *service.Ending) {
	s := &m.shutdown
	end.Signal = proc.TERM
	if s.leftAt == nil {
		s.leftAt = make(map[proc.PID]Instant)
	}
	s.leftAt[end.PID] = m.now
}

// leftEnded: one of them has ended by its TERM, or by itself.
func (m *Machine) leftEnded(e LeftEnded) {
	s := &m.shutdown
	since, asked := s.leftAt[e.PID]
	if !asked {
		return
	}
	delete(s.leftAt, e.PID)
	for i := range s.ends {
		if end := &s.ends[i]; end.PID == e.PID && !end.Killed {
			end.After = m.now - since
		}
	}
}

// sweepLevel: with one command the exit status tells what there is to tell.
func (m *Machine) sweepLevel(otherwise Level) Level {
	if m.plan.Init.OneCommand {
		return Debug
	}
	return otherwise
}

// summary tells how it all ended.
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

// worstEnds are those that had to be killed and count, when the status says so: the
// services first, then what was left of a service, then the rest.
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

// namedMost is how many names stand in one reason.
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

// reason is why the end of u is the container's.
func (u *unit) reason() string {
	if u.gaveUp != "" {
		return u.ended + "; " + u.gaveUp
	}
	return u.ended
}
