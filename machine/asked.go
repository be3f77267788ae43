package machine

import (
	"slices"

	"sexton/service"
)

// What clients ask for. A unit that is asked to stop or to restart ends as a reload would end it: behind all
// units that must be down before it. That is no end by itself: main, shutdown_on and give_up do not
// apply.

func (m *Machine) asked(e Asked) {
	if e.Verb == AskShutdown || e.Verb == AskShutdownNow {
		m.stopRequested("asked to"+e.From, 0, e.Verb == AskShutdownNow)
		return
	}
	u := m.named(e.Service)
	if u == nil || u.removed && e.Verb != AskStop {
		return
	}
	switch e.Verb {
	case AskStart:
		if m.keeping() {
			m.askUp(u, e)
		}
	case AskRun:
		if m.keeping() && u.spec.OneShot {
			u.take(m, kindAskRun, e)
		}
	case AskStop:
		m.askDown(u, e)
	case AskRestart:
		if m.keeping() {
			m.askAgain(u, e)
		}
	case AskSignal:
		if u.state == service.Starting || u.state == service.Up {
			m.signalRun(u, e.Signal, scopeOf(u))
		}
	}
}

// askUp starts a unit, and what it needs.
func (m *Machine) askUp(u *unit, e Asked) {
	for _, need := range m.needed(u) {
		if need.state == service.Down || need.state == service.Failed || need.goesDown() || need.told != "" {
			m.oneUp(need, e)
		}
	}
	m.oneUp(u, e)
}

func (m *Machine) oneUp(u *unit, e Asked) {
	if u.told != "" {
		u.untell()
	}
	u.take(m, kindAskStart, e)
}

// askAgain stops a unit and starts it again, and what it needs.
func (m *Machine) askAgain(u *unit, e Asked) {
	for _, need := range m.needed(u) {
		if need.state == service.Down || need.state == service.Failed {
			need.take(m, kindAskStart, e)
		}
	}
	m.reloads++
	if !m.tell(u, "asked to", false) {
		u.take(m, kindAskStop, e)
		u.take(m, kindAskStart, e)
	}
	u.failures, u.starts = 0, u.starts[:0]
	m.orderStops(m.units, m.graph)
}

// askDown stops a unit, and first those that need it.
func (m *Machine) askDown(u *unit, e Asked) {
	m.reloads++
	for _, other := range m.dependents(u) {
		if !m.tell(other, "it needs "+u.spec.Name+", which is to stop", true) {
			other.take(m, kindAskStop, e)
		}
	}
	if !m.tell(u, "asked to", true) {
		u.take(m, kindAskStop, e)
	}
	m.orderStops(m.units, m.graph)
}

// tell has the present run of a unit end in its turn, and tells whether there is one that runs.
func (m *Machine) tell(u *unit, why string, stays bool) bool {
	if u.spec.External || !m.keeping() || u.state != service.Starting && u.state != service.Up {
		return false
	}
	if stays || u.leaving == 0 {
		u.leaving = m.reloads // together with those that it waits for
	}
	u.told, u.stays = why, stays
	return true
}

// untell takes that back.
func (u *unit) untell() {
	if u.told, u.stays = "", false; !u.removed && u.next == nil {
		u.leaving, u.behind = 0, nil
	}
}

// dependents are the units that need a unit, directly or not, and are wanted.
func (m *Machine) dependents(u *unit) (all []*unit) {
	seen := map[*unit]bool{u: true}
	for _, i := range m.graph.Order { // needs come first
		other := m.units[i]
		needs := func(need *unit) bool { return seen[need] }
		if !seen[other] && slices.ContainsFunc(other.needs, needs) {
			seen[other] = true
			// A oneshot that is done needs nothing any more, but what needs it may.
			if other.wanted && other.state != service.Done && other.state != service.Failed {
				all = append(all, other)
			}
		}
	}
	return all
}

// needed are the units that a unit needs, directly or not; those that are needed first come first.
func (m *Machine) needed(u *unit) (all []*unit) {
	seen := map[*unit]bool{u: true}
	for _, i := range slices.Backward(m.graph.Order) {
		if other := m.units[i]; seen[other] {
			for _, need := range other.needs {
				seen[need] = true
			}
		}
	}
	for _, i := range m.graph.Order {
		if other := m.units[i]; seen[other] && other != u && !other.removed {
			all = append(all, other)
		}
	}
	return all
}

// StopsWith are the services that stop when a service is asked to.
func (m *Machine) StopsWith(name string) (names []string) {
	if u := m.named(name); u != nil {
		for _, other := range m.dependents(u) {
			names = append(names, other.spec.Name)
		}
	}
	return names
}

// InOrder are the names of services in the order of a start; others are left out.
func (m *Machine) InOrder(names []string) (ordered []string) {
	for _, i := range m.graph.Order {
		if name := m.units[i].spec.Name; slices.Contains(names, name) {
			ordered = append(ordered, name)
		}
	}
	return ordered
}
