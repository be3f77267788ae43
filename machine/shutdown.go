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
	draining            // asked to stop; the services go on as before
	stoppingUnits       // in reverse order
	sweeping            // TERM went to every process that is left
	sweepingHard        // KILL did
	finished
)

// shutdown is the end of the container: why, by when, how far.
type shutdown struct {
	phase    phase
	at       Instant                   // when it began
	killAt   Instant                   // every process that is left then is killed
	late     bool                      // killAt has passed
	warnAt   Instant                   // strays get TERM, whatever the services do
	sweepAt  Instant                   // when every process that is left got TERM
	deadline Instant                   // of the present phase
	lastNew  Instant                   // when the last new connection came, or the drain began
	asked    bool                      // it began by a request; otherwise cause ended
	cause    *unit                     // the unit whose end ends the container, or nil
	failed   bool                      // that end was a failure
	killed   bool                      // a service had to be killed
	ints     int                       // how often INT came
	askedBy  [proc.LastSignal + 1]bool // which signals have asked for it; 0: the socket
	hurried  bool                      // INT came a third time: nothing that is left gets any time
	reason   string                    // why it began, in one line
	ends     []service.Ending
	strayAt  map[proc.PID]Instant // when each stray got TERM that is not known to have ended
	below    []service.Need       // see needBelow; valid for one step; nil: not worked out
}

// keeping tells whether services are kept up: restarted when they end, and
// started when they are asked for.
func (m *Machine) keeping() bool { return m.shutdown.phase <= draining }

// setTimes fixes the times of the container's end, when it begins.
func (m *Machine) setTimes() {
	s := &m.shutdown
	s.at = m.now
	if grace := m.plan.Init.Grace; grace > 0 {
		s.killAt = m.now + grace - m.reserve()
		s.warnAt = m.warnAt()
	}
}

// beginShutdown: running, draining -> stoppingUnits.
func (m *Machine) beginShutdown(why string) {
	s := &m.shutdown
	if s.phase == running {
		m.setTimes()
		s.reason = why
	} else if m.plan.Init.Drain.Quiet > 0 {
		m.do(WatchConnections{On: false})
	}
	s.phase, s.deadline = stoppingUnits, never
	if s.cause != nil {
		s.reason = s.cause.reason()
	}
	m.say(m.shutdownLevel(), nil, why+m.shutdownOutlook())
	m.sayPlan()
	for i := range m.units {
		u := m.units[i]
		u.wanted, u.failing, u.lost = false, "", false
		u.told, u.stays = "", false
		if u.leaving, u.behind = 0, nil; u.next != nil { // the end of the container wins
			u.next = nil
			m.linkNeeds(u)
		}
		if u.state == service.Stopping || u.state == service.Cleaning {
			u.hasten(m)
		}
	}
}

// sayPlan says by when each service is down at the latest.
func (m *Machine) sayPlan() {
	if m.plan.Init.GraceMeans == service.KillAfter || m.plan.Init.Grace <= 0 || !m.heard(Debug) {
		return
	}
	words := ""
	for i, by := range m.graph.StopBy(max(0, m.shutdown.killAt-m.now)) {
		if m.units[i].state.Live() && !m.units[i].spec.External {
			words += fmt.Sprintf(", %s by %s", m.units[i].spec.Name, span(by))
		}
	}
	if words != "" {
		m.say(Debug, nil, "at the latest they are down, or killed, after:"+words[1:])
	}
}

// reserve is what is kept back of the grace, where we must be gone within it.
func (m *Machine) reserve() time.Duration {
	if m.plan.Init.GraceMeans == service.KillAfter {
		return 0
	}
	return service.Reserve(m.plan.Init.Grace)
}

// shutdownOutlook says what happens next.
func (m *Machine) shutdownOutlook() string {
	live := 0
	for i := range m.units {
		if m.units[i].state.Live() && !m.units[i].spec.External {
			live++
		}
	}
	switch {
	case live == 0:
		return ""
	case m.plan.Init.Grace <= 0:
		return fmt.Sprintf("; stopping %s", service.Counted(live, "service"))
	default:
		return fmt.Sprintf("; stopping %s within %s", service.Counted(live, "service"), span(m.timeLeft()))
	}
}

// timeLeft is what is left of the grace.
func (m *Machine) timeLeft() time.Duration {
	return max(0, m.shutdown.at+m.plan.Init.Grace-m.now)
}

// stopRequested: the container should end, because of a signal or, with 0, of a request over
// the socket. now leaves out the drain.
func (m *Machine) stopRequested(why string, by proc.Signal, now bool) {
	s := &m.shutdown
	again := ""
	if s.askedBy[by] {
		again = " again"
	}
	s.askedBy[by] = true
	switch {
	case s.phase == running && !now && m.drains():
		s.asked = true
		m.beginDrain(why)
		return
	case s.phase == running:
		s.asked = true
		m.beginShutdown("stopping: " + why)
		return
	case s.phase == draining && now:
		m.beginShutdown(why + "; skipping the rest of the drain")
		return
	}
	text := why + again + "; already stopping"
	if s.phase == draining {
		text = fmt.Sprintf("%s%s; draining, the stop begins in %s", why, again, m.drainWords(s.deadline-m.now))
	}
	if s.killAt != never {
		text += fmt.Sprintf(", %s left", span(m.timeLeft()))
	}
	m.say(Info, nil, text)
}

// endedForGood: a unit has ended, and no restart is planned. Here its end may become the
// container's.
func (m *Machine) endedForGood(u *unit, well bool) {
	if !m.keeping() {
		return
	}
	on := u.spec.ShutdownOn
	if on == service.NoShutdown || on == service.Failure && well {
		m.breakPipe(u)
		return
	}
	m.shutdown.cause, m.shutdown.failed, m.shutdown.asked = u, !well, false
	verb := "has ended"
	if !well {
		verb = "failed"
	}
	m.beginShutdown(fmt.Sprintf("%s %s, and with it the container", u.spec.Name, verb))
}

// breakPipe: a unit that reads what another one writes has ended for good. The writer would
// wait for ever once the pipe is full, and look healthy. So its writes fail from now on, as
// in a pipeline of a shell.
func (m *Machine) breakPipe(reader *unit) {
	from := reader.spec.StdinFrom
	if from == "" {
		return
	}
	m.do(Break{Service: from})
	if writer := m.named(from); writer != nil && writer.wanted {
		m.sayf(Warn, writer, "%s, which reads its stdout, will not be started again: writing there fails with EPIPE from now on", reader.spec.Name)
	}
}

// killRest kills every service that is left: the last KILL is due, or INT came a third time.
func (m *Machine) killRest() {
	late, gently := "", "not asked to stop yet"
	if m.shutdown.late {
		late, gently = " and no time is left", "no time left to stop it gently"
	}
	for i := range m.units {
		u := m.units[i]
		switch {
		case u.spec.External && (u.state == service.Starting || u.state == service.Up):
			u.letGo(m)
		case u.spawning && !u.hook.busy && u.state != service.Killing: // perhaps there will be no process: lateStart speaks of one
			u.kill(m, true)
		case u.state == service.Starting || u.state == service.Up:
			u.probe.end(m, u)
			m.say(Warn, u, gently+"; killing it")
			u.kill(m, true)
		case u.state == service.Stopping:
			m.sayf(Warn, u, "%s %s after %s%s; killing it", u.remains(), span(m.now-max(u.since, u.climbAt)), u.firstStep(), late)
			u.kill(m, true)
		case u.state == service.Cleaning:
			m.sayf(Warn, u, "%s: still running%s; killing it", u.hookName(), late)
			m.shutdown.killed, u.hook.killed = true, false
			u.hookTick(m, (*unit).cleaned)
		}
	}
}

// tickShutdown does what is due of the container's end.
func (m *Machine) tickShutdown() {
	s := &m.shutdown
	if s.phase == stoppingUnits && s.warnAt <= m.now {
		s.warnAt = never
		m.do(Sweep{Signal: proc.TERM, StraysOnly: true})
	}
	if s.phase == stoppingUnits && !s.late && s.killAt <= m.now {
		s.late, s.deadline = true, m.leaveAt()
		m.killRest()
		if m.plan.Init.Linger > 0 && m.plan.Init.StopReach == service.ReachTree {
			m.do(Sweep{Signal: proc.KILL, StraysOnly: true}) // they had their TERM
		}
		return
	}
	if s.deadline > m.now {
		return
	}
	s.deadline = never
	switch s.phase {
	case draining:
		m.beginShutdown(m.drained())
	case stoppingUnits:
		s.killed = true
		m.say(Error, nil, "some processes did not die of SIGKILL in time; leaving anyway, and the kernel ends them with us")
		m.leave()
	case sweeping:
		m.sayf(Warn, nil, "processes are left %s after SIGTERM; killing them", span(m.lingerFor()))
		m.sweepHard()
	case sweepingHard:
		m.say(Warn, nil, "some processes did not die of SIGKILL; leaving anyway")
		m.leave()
	}
}

// leaveAt is when we leave even if a process has not died of KILL. Half of the reserve is for
// writing the output that is left.
func (m *Machine) leaveAt() Instant {
	by, ok := m.LeaveBy()
	if !ok {
		return m.now + killPatience
	}
	return max(m.now, by-m.reserve()/2)
}
