package machine

import (
	"time"

	"sexton/proc"
	"sexton/service"
)

// What services say of themselves, by sd_notify(3). The loop has seen to it that a message
// comes from the run that it is about.

// abortFor is how long a service that the watchdog stops has for its core dump, before its ladder.
const abortFor = 10 * time.Second

func (m *Machine) notified(e Notified) {
	u := m.runs[e.Run]
	if u == nil {
		return
	}
	if e.HasStatus {
		u.says = e.Status
		m.sayf(Debug, u, "says: %s", service.Printable(e.Status, len(e.Status)))
	}
	if e.HasWatchdog {
		u.watchdog = e.Watchdog
	}
	u.extend(m, e.Extend)
	switch {
	case e.Stopping && !u.ending && !u.goesDown():
		u.ending = true
		m.say(Info, u, "stops by itself")
	case e.Ready && u.state == service.Starting && !u.spawning && !u.hook.busy && u.spec.Ready.Kind.Says():
		u.take(m, kindReady, e)
	}
	if e.Reloading != e.Ready { // both at once: it is over already
		u.reloading = e.Reloading && u.state == service.Up
	}
	u.rearm(m, e)
}

// extend moves the deadline of the present phase, never to an earlier time, and not beyond the end of the shutdown.
func (u *unit) extend(m *Machine, by time.Duration) {
	if by == 0 {
		return
	}
	until := m.now + by
	switch u.state {
	case service.Starting:
		if u.deadline != never && !u.preparing && u.spec.Ready.Kind != service.AfterTime {
			u.deadline = max(u.deadline, until)
		}
	case service.Stopping:
		if u.deadline != never {
			u.deadline = max(u.deadline, min(until, m.shutdown.killAt))
		}
	}
	if u.watchdogAt != never {
		u.watchdogAt = max(u.watchdogAt, until)
	}
}

// rearm sets the watchdog anew.
func (u *unit) rearm(m *Machine, e Notified) {
	if u.state != service.Up {
		return
	}
	switch {
	case e.Trigger:
		u.watchdogAt = m.now
		u.tickWatchdog(m)
	case e.Alive || e.HasWatchdog:
		u.expect(m)
	}
}

// expect begins or goes on to wait for WATCHDOG=1.
func (u *unit) expect(m *Machine) {
	u.watchdogAt = never
	if u.watchdog > 0 {
		u.watchdogAt = m.now + u.watchdog
	}
}

// tickWatchdog stops a service that has said nothing for too long: it hangs. ABRT comes first, so that there
// is a core dump that shows where.
func (u *unit) tickWatchdog(m *Machine) {
	if u.watchdogAt > m.now || u.state != service.Up {
		return
	}
	u.failing = "no WATCHDOG=1 within " + span(u.watchdog)
	if u.watchdog == 0 {
		u.failing = "it said WATCHDOG=trigger"
	}
	ladder := append([]service.Rung{{Signal: proc.ABRT, For: abortFor}}, u.spec.Stop...)
	m.sayf(Warn, u, "%s; stopping with SIGABRT, then %s", u.failing, ladderWords(u.spec))
	u.beginStopBy(m, ladder, false) // a hook could not talk to it
}

// forgetWords is for a run that begins or has ended.
func (u *unit) forgetWords() {
	u.says, u.reloading, u.ending, u.watchdog, u.watchdogAt = "", false, false, u.spec.Healthy.Watchdog, never
}

// wordsOf is what the service says of itself, for people.
func (u *unit) wordsOf() string {
	switch {
	case u.ending && u.says == "":
		return "stopping"
	case u.reloading && u.says == "":
		return "reloading"
	}
	return u.says
}
