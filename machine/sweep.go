package machine

import (
	"time"

	"sexton/proc"
)

// The last part of the container's end: what is left when every service is down,
// or when there is no time left to wait for them.

// warnAt is when what belongs to no service, a daemon that slipped out of its
// group perhaps, gets TERM although services are still there: so long before
// the last KILL as it would have had behind them, but never more than a quarter of the
// time, for a service that is still in good order may need it.
func (m *Machine) warnAt() Instant {
	if m.plan.Init.OneCommand || m.plan.Init.Linger <= 0 {
		return never
	}
	return m.shutdown.killAt - min(m.plan.Init.Linger, (m.plan.Init.Grace-m.reserve())/4)
}

// lingerFor is the time between TERM and KILL for what is left at the end.
func (m *Machine) lingerFor() time.Duration {
	linger := m.plan.Init.Linger
	if by, ok := m.LeaveBy(); ok {
		linger = min(linger, max(0, by-m.reserve()-m.shutdown.sweepAt))
	}
	return linger
}

// beginSweep: stoppingUnits -> sweeping. Whatever is left in the namespace, a
// daemon that slipped out of its group or a shell that somebody opened, gets
// TERM and a moment.
func (m *Machine) beginSweep() {
	s := &m.shutdown
	s.sweepAt = m.now
	if m.plan.Init.Linger <= 0 {
		m.leave()
		return
	}
	linger := m.lingerFor()
	if linger <= 0 || s.hurried {
		m.sweepHard()
		return
	}
	s.phase, s.deadline = sweeping, m.now+linger
	m.do(Sweep{Signal: proc.TERM})
}

// sweepHard: -> sweepingHard.
func (m *Machine) sweepHard() {
	s := &m.shutdown
	s.phase = sweepingHard
	s.deadline = min(m.now+killPatience, m.leaveAt())
	m.do(Sweep{Signal: proc.KILL})
}

// swept: nobody is left.
func (m *Machine) swept() {
	if m.shutdown.phase == sweeping || m.shutdown.phase == sweepingHard {
		m.leave()
	}
}
