package machine

import (
	"slices"
	"time"

	"sexton/proc"
	"sexton/service"
)

// The last part of the container's end: the processes that are left when every service is
// down, or when there is no time left to wait for the services.

// warnAt is when strays (a daemon that has left its group, for example) get TERM although
// services still run. It is as long before the last KILL as they would have had after the
// services, but a quarter of the time at most: a service that stops in good order may need
// the strays.
func (m *Machine) warnAt() Instant {
	if m.plan.Init.StopReach == service.ReachGroup || m.plan.Init.Linger <= 0 {
		return never
	}
	return m.shutdown.killAt - min(m.plan.Init.Linger, (m.plan.Init.Grace-m.reserve())/4)
}

// lingerFor is the time between TERM and KILL for the strays at the end.
func (m *Machine) lingerFor() time.Duration {
	linger := m.plan.Init.Linger
	if by, ok := m.LeaveBy(); ok {
		linger = min(linger, max(0, by-m.reserve()-m.shutdown.sweepAt))
	}
	return linger
}

// beginSweep: stoppingUnits -> sweeping. Every process that is left in the namespace (a
// daemon that has left its group, a shell that was opened from outside) gets TERM and some
// time.
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

// swept: no process is left.
func (m *Machine) swept() {
	if m.shutdown.phase == sweeping || m.shutdown.phase == sweepingHard {
		m.leave()
	}
}

// straysMax is how many strays are named at most.
const straysMax = 20

// stray: one more process belongs to no service that still runs, and gets the signal of the
// present sweep.
func (m *Machine) stray(e Stray) {
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
		if at = len(s.ends); at >= len(m.units)+straysMax {
			return
		}
		end := service.Ending{PID: e.PID, Command: e.Command, Outside: e.Outside}
		if u != nil {
			end.Service, end.Claimed = e.Service, e.Claimed
		}
		s.ends = append(s.ends, end)
	} else if s.ends[at].Signal != 0 && !hard {
		return // it was named before
	}
	end := &s.ends[at]
	switch {
	case hard:
		since, asked := s.strayAt[e.PID]
		if !asked {
			since = max(s.sweepAt, s.at)
		}
		if e.Killed && u != nil && u.state.Live() {
			since = u.stopAt
		}
		end.Signal, end.Killed, end.After = proc.KILL, true, m.now-since
		delete(s.strayAt, e.PID)
		s.killed = s.killed || s.phase == stoppingUnits && !e.Outside // later Survived says which count
		m.sayf(Warn, u, "%s (pid %d) is still there; killing it", e.Command, e.PID)
	case u != nil && e.Claimed:
		m.strayAsked(end)
		m.sayf(m.sweepLevel(Info), u, "%s (pid %d), which only its SEXTON_SERVICE ties to this service, is still there; sending it SIGTERM", e.Command, e.PID)
	case u != nil:
		m.strayAsked(end)
		m.sayf(m.sweepLevel(Info), u, "%s (pid %d), which it has started, is still there; sending it SIGTERM", e.Command, e.PID)
	case e.Outside:
		m.strayAsked(end)
		m.sayf(m.sweepLevel(Info), nil, "%s (pid %d), which came into the container from outside, is left; sending it SIGTERM", e.Command, e.PID)
	default:
		m.strayAsked(end)
		m.sayf(m.sweepLevel(Info), nil, "%s (pid %d), which belongs to no known service, is left; sending it SIGTERM", e.Command, e.PID)
	}
}

// strayAsked: a stray gets TERM.
func (m *Machine) strayAsked(end *service.Ending) {
	s := &m.shutdown
	end.Signal = proc.TERM
	if s.strayAt == nil {
		s.strayAt = make(map[proc.PID]Instant)
	}
	s.strayAt[end.PID] = m.now
}

// strayEnded: a stray has ended by its TERM, or by itself.
func (m *Machine) strayEnded(e StrayEnded) {
	s := &m.shutdown
	since, asked := s.strayAt[e.PID]
	if !asked {
		return
	}
	delete(s.strayAt, e.PID)
	for i := range s.ends {
		if end := &s.ends[i]; end.PID == e.PID && !end.Killed {
			end.After = m.now - since
		}
	}
}

// sweepLevel is how much a stray matters that gets TERM.
func (m *Machine) sweepLevel(otherwise Level) Level {
	if m.plan.Init.Lines == service.FaultsOnly {
		return Debug
	}
	return otherwise
}
