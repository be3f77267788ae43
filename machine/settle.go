package machine

import (
	"fmt"

	"sexton/service"
)

// settle works out, after each step, which units may start and which may stop. It computes
// everything from the present states and keeps no count, so that nothing can drift.
func (m *Machine) settle() {
	if !m.booted || m.over {
		return
	}
	if m.keeping() {
		m.endLost()
	}
	if m.keeping() {
		m.followReload()
	}
	if m.keeping() {
		m.restartTogether()
	}
	if m.keeping() {
		m.startUnits()
	}
	if m.keeping() && m.nothingToDo() {
		m.beginShutdown("every service has ended")
	}
	if m.shutdown.phase == stoppingUnits {
		m.stopUnits()
	}
	m.noteReady()
}

// startUnits starts, in topological order, every waiting unit whose needs are
// met. One pass is enough: a unit that has just been started is not ready yet, so it meets
// no other unit's needs.
func (m *Machine) startUnits() {
	spawning := 0
	for i := range m.units {
		if m.units[i].spawning && !m.units[i].preparing && !m.units[i].hook.busy { // one that hangs must not keep others from their start
			spawning++
		}
	}
	for _, i := range m.graph.Order {
		u := m.units[i]
		if u.state != service.Waiting {
			continue
		}
		if spawning < spawningMax && u.blocker(m) == nil {
			u.start(m)
			if !u.preparing && !u.hook.busy {
				spawning++
			}
		}
	}
}

// stopUnits stops every unit whose turn it is, and begins the sweep when none is alive.
func (m *Machine) stopUnits() {
	live := false
	// waits tells for each unit whether another one that starts after it is still alive,
	// directly or by way of units that are not alive: a oneshot that is done stands between
	// a service and what the service needs, and orders them.
	waits := make([]bool, len(m.units))
	for k := len(m.graph.Order) - 1; k >= 0; k-- {
		i := m.graph.Order[k]
		u := m.units[i]
		for _, j := range m.graph.Behind[i] {
			waits[i] = waits[i] || waits[j] || m.units[j].state.Live()
		}
		switch u.state {
		case service.Waiting, service.BackingOff, service.Scheduled:
			u.become(m, service.Down)
		case service.Starting, service.Up:
			if u.spec.External {
				u.letGo(m)
				continue
			}
			live = true
			if !waits[i] {
				m.say(Debug, u, "stopping with "+ladderWords(u.spec))
				u.beginStop(m)
			}
		case service.Stopping, service.Killing, service.Cleaning:
			live = true
		}
	}
	m.shutdown.below = nil
	if !live {
		m.beginSweep()
	}
}

// blocker is the first unit that u waits for, or nil.
func (u *unit) blocker(m *Machine) *unit {
	for _, need := range u.needs {
		if need.state != service.Up && need.state != service.Done {
			return need
		}
	}
	for _, names := range [][]string{u.spec.Wants, u.spec.After} {
		for _, name := range names {
			if want := m.named(name); want != nil && !want.removed && !want.triedOnce() {
				return want
			}
		}
	}
	return nil
}

// triedOnce tells whether a unit that is only wanted holds up no other any more: it is ready,
// or was or failed at least once, or is not meant to run.
func (u *unit) triedOnce() bool {
	switch u.state {
	case service.Waiting, service.Starting:
		return u.everUp || u.ended != ""
	}
	return true
}

func (m *Machine) named(name string) *unit { return m.names[name] }

// nothingToDo tells whether every unit has ended for good. A unit that was stopped on
// request has not: it may be started again.
func (m *Machine) nothingToDo() bool {
	if m.plan.Init.StaysIdle {
		return false
	}
	for i := range m.units {
		u := m.units[i]
		if u.spec.Start == service.Manually && !u.removed { // somebody may start it
			return false
		}
		if s := u.state; s != service.Done && s != service.Failed && !u.spec.External {
			return false
		}
	}
	return true
}

// waits says what a unit waits for, in words; "" for nothing.
func (u *unit) waits(m *Machine) string {
	switch u.state {
	case service.Waiting:
		if b := u.blocker(m); b != nil {
			return b.spec.Name
		}
		return "its turn"
	case service.Starting:
		if u.preparing {
			return "its preparation (" + service.Preparations + ")"
		} else if u.hook.stage != service.NoStage {
			return "its " + u.hookName()
		} else if u.spec.OneShot && u.deadline != never {
			return fmt.Sprintf("its end, for %s yet", span(max(0, u.deadline-m.now)))
		} else if u.spec.OneShot {
			return "its end"
		} else if u.spec.Ready.Kind == service.NoProbe {
			return "its start"
		}
		return waitsFor(&u.spec.Ready, false)
	case service.BackingOff:
		return "its next start in " + span(max(0, u.deadline-m.now))
	case service.Stopping, service.Killing, service.Cleaning:
		if u.hook.stage != service.NoStage {
			return "its " + u.hookName()
		}
		return "its end"
	}
	return ""
}
