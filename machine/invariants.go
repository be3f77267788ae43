package machine

import (
	"fmt"

	"sexton/service"
)

// Check tells whether the machine's state is one that can be: what each state
// says about run and deadline, and that nothing left Waiting before its needs
// were met. Tests call it after every step; it costs time in proportion to
// the number of services.
func (m *Machine) Check() error {
	for i := range m.units {
		if err := m.units[i].check(m); err != nil {
			return fmt.Errorf("%s, %v: %w", m.units[i].spec.Name, m.units[i].state, err)
		}
	}
	for run, u := range m.runs {
		if u.run != run || m.names[u.spec.Name] != u {
			return fmt.Errorf("run %d belongs to nobody", run)
		}
	}
	if err := m.checkLost(); err != nil {
		return err
	}
	if _, timed := m.Next(); !timed && !m.over {
		switch m.shutdown.phase {
		case sweeping, sweepingHard:
			return fmt.Errorf("the sweep has no deadline")
		case stoppingUnits:
			if m.plan.Init.Grace > 0 {
				return fmt.Errorf("the shutdown has no deadline")
			}
		}
	}
	return nil
}

func (u *unit) check(m *Machine) error {
	live := u.state.Live()
	switch {
	case live && u.run == 0:
		return fmt.Errorf("live without a run")
	case !live && u.run != 0:
		return fmt.Errorf("run %d without being live", u.run)
	case u.state == service.BackingOff && u.deadline == never:
		return fmt.Errorf("no deadline")
	case u.state == service.Killing && u.deadline == never:
		return fmt.Errorf("no deadline")
	case u.state == service.Stopping && u.deadline == never && m.plan.Init.Grace > 0 && !(m.shutdown.phase == stoppingUnits):
		return fmt.Errorf("no deadline")
	case (u.state == service.Down || u.state == service.Done || u.state == service.Failed || u.state == service.Up || u.state == service.Waiting) && u.deadline != never:
		return fmt.Errorf("a deadline")
	case u.state != service.Starting && u.probe.next() != never:
		return fmt.Errorf("a probe")
	case u.spawning && u.state != service.Starting && u.state != service.Stopping && u.state != service.Killing:
		return fmt.Errorf("spawning")
	case m.over && m.shutdown.phase != finished:
		return fmt.Errorf("over, but not finished")
	}
	return nil
}

// checkLost tells whether nothing waits or runs on whose needs cannot be met any more,
// but for what has to wait until others are down.
func (m *Machine) checkLost() error {
	lost := m.lostNeeds()
	if lost == nil || !m.booted || m.over || !m.keeping() {
		return nil
	}
	held := m.heldByLost(lost)
	for i := range m.units {
		switch u := m.units[i]; {
		case lost[i] == nil || u.state == service.Stopping || u.state == service.Killing:
		case !u.state.Live() || !held[i]:
			return fmt.Errorf("%s, %v: it needs %s, which is lost", u.spec.Name, u.state, lost[i].spec.Name)
		}
	}
	return nil
}
