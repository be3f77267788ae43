package machine

import (
	"fmt"
	"time"

	"sexton/proc"
	"sexton/service"
)

// phase is how far the end of the container has come.
type phase uint8

const (
	running       phase = iota
	stoppingUnits       // in reverse order
	sweeping            // TERM went to everything that is left
	sweepingHard        // KILL did
	finished
)

// shutdown is the end of the container: why, by when, how far.
type shutdown struct {
	phase    phase
	at       Instant // when it began
	killAt   Instant // whatever runs then is killed
	late     bool    // killAt has passed
	sweepAt  Instant // when everything that is left got TERM
	deadline Instant // of the present phase
	asked    bool    // somebody asked for it; otherwise cause ended
	cause    *unit   // whose end it is, or nil
	failed   bool    // that end was a failure
	killed   bool    // a service had to be killed
	ints     int     // how often INT came
	below    []ladderNeed
}

// begin: running -> stoppingUnits.
func (m *Machine) beginShutdown(why string) {
	s := &m.shutdown
	s.phase, s.at = stoppingUnits, m.now
	if grace := m.plan.Init.Grace; grace > 0 {
		s.killAt = m.now + grace - m.reserve()
	}
	m.say(m.shutdownLevel(), nil, why+m.shutdownOutlook())
	for i := range m.units {
		u := &m.units[i]
		u.up, u.failing = false, ""
		if u.state == service.Stopping {
			u.deadline = min(u.deadline, s.killAt)
		}
	}
}

// reserve is what is kept back of the grace. With one command it is nothing:
// there the grace is when to kill, not when to be gone.
func (m *Machine) reserve() time.Duration {
	if m.plan.Init.OneCommand {
		return 0
	}
	return service.Reserve(m.plan.Init.Grace)
}

// shutdownOutlook says what happens next.
func (m *Machine) shutdownOutlook() string {
	live := 0
	for i := range m.units {
		if m.units[i].state.Live() {
			live++
		}
	}
	switch {
	case live == 0:
		return ""
	case m.plan.Init.Grace <= 0:
		return fmt.Sprintf("; stopping %s", counted(live, "service"))
	default:
		return fmt.Sprintf("; stopping %s within %s", counted(live, "service"), span(m.plan.Init.Grace))
	}
}

// stopRequested: somebody asked for the end of the container.
func (m *Machine) stopRequested(why string) {
	s := &m.shutdown
	if s.phase == running {
		s.asked = true
		m.beginShutdown("stopping: " + why)
		return
	}
	text := why + " again; already stopping"
	if s.killAt != never {
		text += fmt.Sprintf(", %s left", span(max(0, s.at+m.plan.Init.Grace-m.now)))
	}
	m.say(Info, nil, text)
}

// endedForGood: a unit has ended and will not be started again by itself. Here
// its end may become the container's.
func (m *Machine) endedForGood(u *unit, well bool) {
	if m.shutdown.phase != running {
		return
	}
	on := u.spec.ShutdownOn
	if on == service.NoShutdown || on == service.Failure && well {
		return
	}
	m.shutdown.cause, m.shutdown.failed = u, !well
	verb := "has ended"
	if !well {
		verb = "failed"
	}
	m.beginShutdown(fmt.Sprintf("%s %s, and with it the container", u.spec.Name, verb))
}

// killRest: the last KILL is due.
func (m *Machine) killRest() {
	for i := range m.units {
		u := &m.units[i]
		switch u.state {
		case service.Starting, service.Up:
			u.probe.end(m, u)
			m.say(Warn, u, "no time left to stop it gently; killing it")
			u.kill(m, true)
		case service.Stopping:
			m.sayf(Warn, u, "%s %s after SIG%v and no time is left; killing it", u.remains(), span(m.now-u.since), u.spec.Stop[0].Signal)
			u.kill(m, true)
		}
	}
}

// tickShutdown fires what is due of the container's end.
func (m *Machine) tickShutdown() {
	s := &m.shutdown
	if s.phase == stoppingUnits && !s.late && s.killAt <= m.now {
		s.late, s.deadline = true, m.leaveAt()
		m.killRest()
		return
	}
	if s.deadline > m.now {
		return
	}
	s.deadline = never
	switch s.phase {
	case stoppingUnits:
		s.killed = true
		m.say(Error, nil, "some processes did not die of SIGKILL in time; leaving all the same, the kernel ends them with us")
		m.leave()
	case sweeping:
		m.sayf(Warn, nil, "processes are left %s after SIGTERM; killing them", span(m.lingerFor()))
		m.sweepHard()
	case sweepingHard:
		m.say(Warn, nil, "some processes did not die of SIGKILL; leaving all the same")
		m.leave()
	}
}

// leaveAt is when we go even if something has not died of KILL: half of what
// was kept in reserve is for writing out what is left of the output.
func (m *Machine) leaveAt() Instant {
	if m.plan.Init.OneCommand {
		return m.now + killPatience
	}
	return max(m.now, m.shutdown.at+m.plan.Init.Grace-m.reserve()/2)
}

// stopUnits lets every unit go down whose turn it is, and begins the sweep
// when none is alive.
func (m *Machine) stopUnits() {
	live := false
	// waits tells for each unit whether something that starts after it, directly or
	// by way of others that are no longer alive, still is: a oneshot that is
	// done stands between a service and what it needs, and orders them.
	waits := make([]bool, len(m.units))
	for k := len(m.graph.Order) - 1; k >= 0; k-- {
		i := m.graph.Order[k]
		u := &m.units[i]
		for _, j := range m.graph.Behind[i] {
			waits[i] = waits[i] || waits[j] || m.units[j].state.Live()
		}
		switch u.state {
		case service.Waiting, service.BackingOff:
			u.become(m, service.Down)
		case service.Starting, service.Up:
			live = true
			if !waits[i] {
				m.say(Debug, u, "stopping with "+ladderWords(u.spec))
				m.shutdown.below = nil
				u.beginStop(m)
			}
		case service.Stopping, service.Killing:
			live = true
		}
	}
	m.shutdown.below = nil
	if !live {
		m.beginSweep()
	}
}

// lingerFor is the time between TERM and KILL for what is left at the end.
func (m *Machine) lingerFor() time.Duration {
	linger := m.plan.Init.Linger
	if m.plan.Init.Grace > 0 && !m.plan.Init.OneCommand {
		linger = min(linger, max(0, m.shutdown.at+m.plan.Init.Grace-m.reserve()-m.shutdown.sweepAt))
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
	if linger <= 0 {
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
	s.deadline = m.now + killPatience
	if m.plan.Init.Grace > 0 && !m.plan.Init.OneCommand {
		s.deadline = min(s.deadline, m.leaveAt())
	}
	m.do(Sweep{Signal: proc.KILL})
}

// swept: nobody is left.
func (m *Machine) swept() {
	if m.shutdown.phase == sweeping || m.shutdown.phase == sweepingHard {
		m.leave()
	}
}

// leave ends it all.
func (m *Machine) leave() {
	m.status = m.exitStatus()
	m.shutdown.phase, m.shutdown.deadline = finished, never
	m.sayf(m.shutdownLevel(), nil, "leaving with status %d, %s after the shutdown began", m.status, span(m.now-m.shutdown.at))
	m.over = true
	m.do(Leave{Status: m.status})
}

// exitStatus is the container's, by the table in docs/exit-codes.md.
func (m *Machine) exitStatus() int {
	s := &m.shutdown
	switch {
	case m.plan.Init.OneCommand && m.main().state.Live():
		return 128 + int(proc.KILL) // it hangs in the kernel and ends with us
	case m.plan.Init.OneCommand:
		return m.main().lastStatus
	case s.asked && s.killed:
		return 128 + int(proc.KILL)
	case s.asked:
		return 0
	case s.cause == nil:
		return m.firstFailure()
	case s.failed && s.cause.lastStatus == 0:
		return 1 // it never became ready, and then ended politely
	default:
		return s.cause.lastStatus
	}
}

// firstFailure is the status of the first service of the file that failed for
// good, when all have ended by themselves; 0 when none has.
func (m *Machine) firstFailure() int {
	for i := range m.units {
		if m.units[i].state == service.Failed {
			return max(1, m.units[i].lastStatus)
		}
	}
	return 0
}
