package machine

import (
	"fmt"
	"time"

	"sexton/service"
)

// A service with a schedule is Scheduled between its runs. The loop, which has a clock that shows the time of
// day, says Due. A run is that of a oneshot.

// due: it is time for a run of a service.
func (m *Machine) due(e Due) {
	u := m.named(e.Service)
	if u == nil || u.removed || !m.keeping() || !m.booted {
		return
	}
	if e.Missed > 0 {
		m.sayf(Warn, u, "%s before %s did not begin in time: sexton did not run then (a paused container?), or the clock was set", service.Counted(e.Missed, "run"), e.At)
	}
	if e.Late {
		m.sayf(Warn, u, "the run of %s is left out, because that time is long past", e.At)
		return
	}
	u.take(m, kindDue, e)
}

// due: Scheduled -> Waiting, at once or after a part of the jitter.
func (u *unit) due(m *Machine, event Event) {
	if jitter := u.spec.Schedule.Jitter; jitter > 0 {
		pause := time.Duration(m.dice.Int64N(int64(jitter)))
		u.deadline = m.now + pause
		m.sayf(Debug, u, "the run of %s begins in %s", event.(Due).At, span(pause))
		return
	}
	u.becomeWaiting(m, event)
}

// overlaps: the last run has not ended, or waits for its start.
func (u *unit) overlaps(m *Machine, event Event) {
	at := event.(Due).At
	words := fmt.Sprintf("the run before it has not ended after %s", span(m.now-u.started))
	if !u.state.Live() {
		words = "it still waits for " + u.waits(m)
	}
	switch overlap := u.spec.Schedule.Overlap; {
	case overlap == service.Queue && u.state.Live():
		u.queued = true
		m.sayf(Info, u, "the run of %s begins later: %s", at, words)
	case overlap == service.Kill && u.state == service.Starting:
		m.sayf(Warn, u, "stopping with %s, for the run of %s: %s", ladderWords(u.spec), at, words)
		u.queued = true
		u.beginStop(m)
	default:
		m.sayf(Warn, u, "the run of %s is left out: %s", at, words)
	}
}

// becomeScheduled: a run has ended, or the service is wanted for the first time. A queued run
// begins now.
func (u *unit) becomeScheduled(m *Machine) {
	if u.queued {
		u.become(m, service.Waiting)
		return
	}
	u.become(m, service.Scheduled)
}

// runNow: -> Waiting, because of a request. A scheduled service goes on by its schedule afterwards.
func (u *unit) runNow(m *Machine, _ Event) {
	u.wanted = true
	u.failures, u.starts = 0, u.starts[:0]
	u.become(m, service.Waiting)
}

// runAgain: a run is asked for while one is under way.
func (u *unit) runAgain(m *Machine, _ Event) {
	m.say(Info, u, "it runs already")
}
