package machine

import (
	"fmt"
	"time"
)

// The drain: the container was asked to stop, and the services go on until the clients that
// send them work have noticed. It is a part of the grace.

// drains tells whether a request to stop begins with a drain. What was never ready has no
// clients.
func (m *Machine) drains() bool {
	return m.plan.Init.Drain.Max > 0 && m.everReady
}

// beginDrain: running -> draining.
func (m *Machine) beginDrain(why string) {
	s, d := &m.shutdown, &m.plan.Init.Drain
	m.setTimes()
	s.phase, s.lastNew, s.reason = draining, m.now, "stopping: "+why
	s.deadline = m.drainDeadline()
	ready := "not ready any more"
	if d.StaysReady {
		ready = "ready as before"
	}
	m.sayf(Info, nil, "stopping: %s; draining first, %s: the services run on %s", why, ready, m.drainOutlook())
	if d.Quiet > 0 {
		m.do(WatchConnections{On: true})
	}
}

func (m *Machine) drainOutlook() string {
	d := &m.plan.Init.Drain
	if d.Quiet == 0 {
		return "for " + span(d.Max)
	}
	text := "until no new connection has come for " + span(d.Quiet)
	if d.Min > 0 {
		text += fmt.Sprintf(", %s at least", span(d.Min))
	}
	return text + fmt.Sprintf(", %s at most", span(d.Max))
}

// drainDeadline is when the drain ends, as far as is known now.
func (m *Machine) drainDeadline() Instant {
	s, d := &m.shutdown, &m.plan.Init.Drain
	end := s.at + d.Max
	if d.Quiet > 0 {
		end = min(end, max(s.at+d.Min, s.lastNew+d.Quiet))
	}
	return min(end, s.killAt)
}

// drainWords says how much longer the drain will last.
func (m *Machine) drainWords(left time.Duration) string {
	if m.plan.Init.Drain.Quiet > 0 {
		return span(left) + " or later"
	}
	return span(left)
}

// drained says why the drain is over.
func (m *Machine) drained() string {
	s, d := &m.shutdown, &m.plan.Init.Drain
	if d.Quiet > 0 && s.lastNew+d.Quiet <= m.now {
		return fmt.Sprintf("drained: no new connection for %s", span(m.now-s.lastNew))
	}
	return "drained for " + span(m.now-s.at)
}

// connected: connections came, or it cannot be known whether any come. In the second case
// the drain takes all of its time.
func (m *Machine) connected(e Connected) {
	s := &m.shutdown
	if s.phase != draining {
		return
	}
	s.lastNew = m.now
	if e.Unknown != "" {
		s.lastNew = s.killAt // never quiet
		m.sayf(Warn, nil, "cannot see whether new connections come (%s); draining for %s", e.Unknown, span(m.plan.Init.Drain.Max))
	}
	s.deadline = m.drainDeadline()
}

// allReady tells whether no unit keeps the container from being ready.
func (m *Machine) allReady() bool {
	for i := range m.units {
		if !m.units[i].holdsNobody() {
			return false
		}
	}
	return m.booted
}

// ready tells whether clients may send work.
func (m *Machine) ready() bool {
	s := &m.shutdown
	return (s.phase == running || s.phase == draining && m.plan.Init.Drain.StaysReady) && m.allReady()
}
