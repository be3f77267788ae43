package machine

import (
	"fmt"
	"slices"
	"time"

	"sexton/proc"
	"sexton/service"
)

// The end of main by a stop signal that was forwarded to it (service.ForwardToMain). Its
// whole group got the signal. What is left of the group when main itself has ended is still
// at work, and has time until the grace is over. When main ends for another reason, nobody
// has asked the rest of its group to end: that is swept.

// forwardedAgain notes a stop signal that went to main's group. It tells whether it was the
// third INT for a group whose first process has ended: that one kills the rest.
func (m *Machine) forwardedAgain(u *unit, e Signalled) bool {
	if u.run == 0 || u.spec.Single {
		return false
	}
	u.forwarded, u.forwardedAt = e.Signal, m.now
	if u.leaderGone && e.Signal == proc.INT {
		m.shutdown.ints++
		return m.shutdown.ints >= 3 && m.killNow()
	}
	return false
}

// forwardedFor is how long after another signal than TERM the end of main counts as asked
// for. Such signals are often meant for something else: a Java program shows its threads at QUIT and
// lives on for days.
const forwardedFor = time.Minute

// endWasAsked tells whether a unit has ended because of a signal that we forwarded to its
// group.
func (m *Machine) endWasAsked(u *unit, exit proc.Exit) bool {
	switch {
	case m.plan.Init.Linger <= 0 || m.plan.Init.SignalOnMainExit != 0 || u.forwarded == 0 || m.shutdown.phase != running:
		return false
	case exit.Status() == u.forwarded.Status() || u.forwarded == proc.TERM:
		return true
	}
	return m.now <= u.forwardedAt+forwardedFor
}

// outlived: main has ended, as it was asked to. Its group may still be at work.
func (u *unit) outlived(m *Machine, event Event) {
	exit := event.(Exited).Exit
	u.probe.end(m, u)
	u.become(m, service.Stopping)
	u.wanted = false
	u.rung, u.reach, u.lastSignal, u.stopAt, u.since = 0, m.reachOf(u), u.forwarded, u.forwardedAt, u.forwardedAt
	u.leaderEnded(m, event)
	if u.forwarded == proc.INT {
		m.shutdown.ints = 1
	}
	m.shutdown.cause, m.shutdown.failed = u, exit.Signal != 0 || !slices.Contains(u.spec.OKCodes, exit.Code)
	m.beginShutdown(fmt.Sprintf("%s has ended; the container ends when the rest of its process group has", u.spec.Name))
}
