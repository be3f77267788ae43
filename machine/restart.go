package machine

import (
	"fmt"
	"time"

	"sexton/service"
)

// What becomes of a unit whose run has failed, or has ended and is to be followed by another one.

// restartOr plans the next start, or gives up.
func (u *unit) restartOr(m *Machine, level Level, what string, giveUp func(*Machine)) {
	if !m.keeping() {
		u.become(m, service.Down)
		m.say(Info, u, what)
		return
	}
	if u.cannotRestart(m, what) {
		return
	}
	limit, count := u.spec.GiveUp, ""
	if limit.Starts > 0 {
		recent := u.recentStarts()
		if u.givesUp() {
			u.gaveUp = fmt.Sprintf("gave up after %s in %s", service.Counted(recent, "start"), span(limit.Within))
			m.sayf(Error, u, "%s; %s", what, u.gaveUp)
			giveUp(m)
			return
		}
		count = fmt.Sprintf(" (%d of %d)", recent+1, limit.Starts)
	}
	u.resetBackoff(m)
	u.failures++
	u.backOff(m, level, what, u.failures, count)
}

// recentStarts is how many starts count for give_up at the end of the run.
func (u *unit) recentStarts() (recent int) {
	for _, at := range u.starts {
		if u.endAt-at <= u.spec.GiveUp.Within {
			recent++
		}
	}
	return recent
}

// givesUp tells whether no further start follows a failure.
func (u *unit) givesUp() bool {
	return u.spec.GiveUp.Starts > 0 && u.recentStarts() >= u.spec.GiveUp.Starts
}

// restartWell plans the next start after an end that was a success. Such a run does not count
// for GiveUp or for the back-off: a worker that ends after each job is no crash loop.
func (u *unit) restartWell(m *Machine, what string) {
	if u.cannotRestart(m, what) {
		return
	}
	u.starts = u.starts[:max(0, len(u.starts)-1)] // this run's
	u.resetBackoff(m)
	u.backOff(m, Info, what, 1, "")
}

// resetBackoff forgets earlier failures after a run that was long enough.
func (u *unit) resetBackoff(m *Machine) {
	if u.endAt-u.started >= u.spec.Backoff.Reset && u.spec.Backoff.Reset > 0 {
		u.failures = 0
	}
}

// backOff: -> BackingOff, for the time that this many failures in a row ask for. what says
// what has happened, and count how often.
func (u *unit) backOff(m *Machine, level Level, what string, failures int, count string) {
	pause := m.pause(u.spec.Backoff, failures)
	u.become(m, service.BackingOff)
	u.deadline = m.now + pause
	m.sayf(level, u, "%s; restarting in %s%s", what, span(pause), count)
}

// pause is the wait before the next start.
func (m *Machine) pause(b service.Backoff, failures int) time.Duration {
	pause := float64(b.First)
	for i := 1; i < failures && pause < float64(b.Max); i++ {
		pause *= b.Factor
	}
	pause = min(pause, float64(b.Max))
	pause *= 1 + b.Jitter*(2*m.dice.Float64()-1)
	return time.Duration(pause)
}
