package machine

import (
	"fmt"
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// signalled does what the rule of a signal says.
func (m *Machine) signalled(e Signalled) {
	switch e.Rule.Verb {
	case service.VerbStop:
		m.stopSignal(e)
	case service.VerbForward:
		m.forward(e)
	case service.VerbSend:
		m.sayf(Debug, nil, "SIG%v %s: sending SIG%v to %s", e.Signal, e.From, e.Rule.Signal, strings.Join(e.Rule.To, ", "))
		for _, name := range e.Rule.To {
			if u := m.named(name); u != nil {
				m.pass(u, e, e.Rule.Signal)
			}
		}
	case service.VerbRestart:
		m.sayf(Info, nil, "SIG%v %s: restarting %s", e.Signal, e.From, strings.Join(e.Rule.To, ", "))
		for _, name := range e.Rule.To {
			m.asked(Asked{Verb: AskRestart, Service: name})
		}
	case service.VerbIgnore:
		m.sayf(Debug, nil, "SIG%v %s: ignored", e.Signal, e.From)
	case service.VerbReopen:
		m.sayf(Info, nil, "SIG%v %s: opening log files again", e.Signal, e.From)
		m.do(Reopen{})
	case service.VerbReload:
		m.readAgain(e)
	}
	if e.Rule.Verb != service.VerbForward {
		m.passToListeners(e, nil)
	}
	if e.Rule.Suspend {
		m.do(Suspend{})
	}
}

// stopSignal begins the end. After a Ctrl-C there is no drain: the user at the terminal wants
// the end now, and no client sends work to such a container. There is none after a second INT
// either (docker run without a terminal sends Ctrl-C on as a signal). A third INT kills.
func (m *Machine) stopSignal(e Signalled) {
	if e.Signal == proc.INT {
		m.shutdown.ints++
	}
	if e.Signal == proc.INT && m.shutdown.ints >= 3 && m.killNow() {
		return
	}
	second := m.shutdown.ints == 2 && e.Signal == proc.INT
	m.stopRequested(fmt.Sprintf("SIG%v %s", e.Signal, e.From), e.Signal, second || e.Typed)
}

// killNow kills every process that is left, of services or not. It tells whether the end had
// come that far.
func (m *Machine) killNow() bool {
	s := &m.shutdown
	const words = "third SIGINT; killing everything now"
	switch {
	case s.phase == sweeping:
		m.say(Warn, nil, words)
		m.sweepHard()
		return true
	case s.phase == stoppingUnits && !s.hurried:
		s.hurried = true
		m.say(Warn, nil, words)
		m.killRest()
		return true
	}
	return false
}

// forward sends the signal on to main. Where stop signals go to main, such a signal begins
// the grace, if there is one.
func (m *Machine) forward(e Signalled) {
	main := m.main()
	stops := m.plan.Init.StopSignals == service.ForwardToMain && service.StopsByDefault(e.Signal)
	if stops && main != nil && !main.state.Live() && m.shutdown.phase == running {
		// It waits for its next try to start: there is no process to get the signal.
		why := fmt.Sprintf("SIG%v %s", e.Signal, e.From)
		main.lastStatus, main.ended = e.Signal.Status(), "not started: "+why
		m.stopRequested(why, e.Signal, true)
		return
	}
	if main == nil {
		m.unruled(e)
	} else {
		sig := e.Signal
		if e.Rule.Signal != 0 {
			sig = e.Rule.Signal
		}
		m.sayf(Debug, main, "SIG%v %s: forwarding SIG%v", e.Signal, e.From, sig)
		m.pass(main, e, sig)
		if m.plan.Init.ContinueIfStopped && main.run != 0 && service.StopsByDefault(e.Signal) {
			m.do(ContinueIfStopped{Run: main.run, Service: main.spec.Name, Scope: scopeOf(main)})
		}
	}
	m.passToListeners(e, main)
	if !stops || main == nil || m.forwardedAgain(main, e) {
		return
	}
	if m.plan.Init.Grace > 0 && m.shutdown.phase == running {
		m.graceBegins(main, e)
	}
}

// unruled says that a signal does nothing: it has no rule, there is no main service, and
// perhaps no service lists it. The first of each kind is printed, the others only with -v:
// there may be thousands.
func (m *Machine) unruled(e Signalled) {
	level := Info
	if m.unruledSaid&e.Signal.Bit() != 0 {
		level = Debug
	}
	m.unruledSaid |= e.Signal.Bit()
	if slices.ContainsFunc(m.plan.Services, func(s service.Spec) bool { return slices.Contains(s.Signals, e.Signal) }) {
		level = Debug // a service gets it
	}
	m.sayf(level, nil, `SIG%v %s: no rule for it and no main service; ignored (under [signals] write %v = "stop", or { send = %q, to = ["NAME"] })`,
		e.Signal, e.From, e.Signal, e.Signal)
}

// passToListeners sends the signal to every service that lists it in
// `signals`, once.
func (m *Machine) passToListeners(e Signalled, but *unit) {
	for i := range m.units {
		u := m.units[i]
		told := u == but || slices.Contains(e.Rule.To, u.spec.Name)
		if !told && slices.Contains(u.spec.Signals, e.Signal) {
			m.pass(u, e, e.Signal)
		}
	}
}

// pass sends a signal that we got on to a run.
func (m *Machine) pass(u *unit, e Signalled, sig proc.Signal) {
	if u.run == 0 || u.spec.External {
		m.sayf(Debug, u, "not running, so SIG%v does not reach it", sig)
		return
	}
	scope := scopeOf(u)
	switch e.Rule.Reach {
	case service.WholeGroup:
		scope = proc.Group
	case service.FirstProcess:
		scope = proc.Single
	}
	m.do(Signal{Run: u.run, Service: u.spec.Name, Signal: sig, Scope: scope, Queued: e.Queued, Value: e.Value})
}

// scopeOf is which processes of u get a signal that is passed on to u.
func scopeOf(u *unit) proc.Scope {
	if u.spec.Single || u.spec.KillMode == service.KillProcess {
		return proc.Single
	}
	return proc.Group
}

// graceBegins: main has just got a stop signal. It is stopping, and is killed when the
// grace is over.
func (m *Machine) graceBegins(u *unit, e Signalled) {
	m.shutdown.asked = true
	m.beginShutdown(fmt.Sprintf("SIG%v %s", e.Signal, e.From))
	if u.state.Live() && u.state != service.Killing {
		u.probe.end(m, u)
		u.become(m, service.Stopping)
		u.stopAt, u.deadline, u.lastSignal, u.reach = m.now, m.shutdown.killAt, e.Signal, m.reachOf(u)
	}
}
