package machine

import (
	"fmt"
	"slices"

	"sexton/service"
)

// A reload: another plan takes the place of the running one. A unit is known by its name,
// and its spec's Edition tells whether it must be started again. What is not in the plan any
// more stops by the ladder that it had, behind everything that needed it; what has changed
// stops in the same way, and starts with its new spec. Everything else keeps its run, and
// follows its new settings at once. What somebody has stopped stays down.

// readAgain orders what leads to a reload. Nothing that the files say counts once the end has begun.
func (m *Machine) readAgain(e Signalled) {
	if m.shutdown.phase != running {
		m.sayf(Info, nil, "SIG%v %s: no reload: the container is stopping already", e.Signal, e.From)
		return
	}
	m.do(ReadAgain{From: fmt.Sprintf("SIG%v %s", e.Signal, e.From)})
}

// reloaded: the end of the container wins over a reload, which is ignored then.
func (m *Machine) reloaded(e Reloaded) {
	if m.shutdown.phase != running {
		m.say(Warn, nil, "not reloaded: the container is stopping already")
		return
	}
	m.do(Adopt(e))
	m.reloads++
	before, order := m.units, m.graph
	was := m.names
	m.plan, m.addresses = e.Plan, addresses(e.Plan.Services)
	m.units, m.names = nil, make(map[string]*unit, len(e.Plan.Services))
	var added, changed, removed int
	for i := range m.plan.Services {
		spec := &m.plan.Services[i]
		u := was[spec.Name]
		if u == nil {
			added++
			if u = newUnit(spec, 0); m.booted && spec.Start == service.AtBoot {
				u.wantUp(m)
			}
		} else if back := u.removed; u.replaceSpec(m, spec) {
			changed++
		} else if back {
			added++
		}
		m.units, m.names[spec.Name] = append(m.units, u), u
	}
	for _, u := range before {
		if m.names[u.spec.Name] == u {
			continue
		}
		if !u.removed {
			removed++
			u.remove(m)
		}
		m.units, m.names[u.spec.Name] = append(m.units, u), u
	}
	m.sayf(Info, nil, "reloaded: %d added, %d to restart, %d removed, %d go on", added, changed, removed, len(m.plan.Services)-added-changed)
	m.orderStops(before, order)
	m.arrange()
}

// replaceSpec gives a unit its new spec: at once, or, where it takes another run, when the
// present run has ended. It tells whether it takes another run.
func (u *unit) replaceSpec(m *Machine, spec *service.Spec) (restarts bool) {
	back := u.removed
	if u.removed = false; back {
		u.wanted, u.failing, u.lost = true, "", false
	}
	restarts = spec.Edition != u.spec.Edition
	switch {
	case !u.state.Live() && back && spec.Start != service.AtBoot:
		u.wanted = false
		u.follow(spec)
		return restarts
	case !u.state.Live():
		back = back || u.state == service.Down && u.begun == 0 && u.spec.Start != service.AtBoot && spec.Start == service.AtBoot && m.booted
		u.follow(spec)
		if back || restarts && (u.state == service.Done || u.state == service.Failed || u.state == service.BackingOff || u.state == service.Scheduled) {
			u.startAgain(m, nil)
		}
		return restarts
	case !restarts:
		u.follow(spec)
		if u.next = nil; u.told == "" {
			u.leaving, u.behind = 0, nil
		}
		if u.state == service.Stopping {
			u.deadline = min(u.deadline, m.stepEnds(u)) // there may be a grace now
		}
		return false
	}
	u.next = spec
	if u.state.GoesDown() {
		u.failing, u.lost = "", false
		u.redirect()
	} else if u.leaving == 0 {
		u.leaving = m.reloads
	}
	return true
}

// remove: the plan does not have the unit any more.
func (u *unit) remove(m *Machine) {
	u.removed, u.wanted, u.failing, u.lost, u.next = true, false, "", false, nil
	switch u.state {
	case service.Starting, service.Up:
		if u.leaving == 0 {
			u.leaving = m.reloads
		}
	case service.Stopping, service.Killing:
		u.widen(m)
	case service.Cleaning:
		u.redirect()
	default:
		u.become(m, service.Down)
	}
}

// orderStops notes for each unit that this reload stops which others must be down before
// it: by the order that the plan had until now.
func (m *Machine) orderStops(units []*unit, graph *service.Graph) {
	for i, u := range units {
		if u.leaving != m.reloads {
			continue
		}
		u.behind = nil
		seen := make([]bool, len(units))
		for next := graph.Behind[i]; len(next) > 0; {
			j := next[0]
			if next = next[1:]; seen[j] {
				continue
			}
			seen[j] = true
			next = append(slices.Clip(next), graph.Behind[j]...)
			if other := units[j]; other.leaving != 0 || other.state.GoesDown() {
				u.behind = append(u.behind, other)
			}
		}
	}
}

// held tells whether another unit must be down before u may stop. Among the units of
// several reloads only the earlier ones hold up the later ones, so that no circle holds
// up all of them.
func (u *unit) held() bool {
	return slices.ContainsFunc(u.behind, func(other *unit) bool {
		return other.state.GoesDown() || other.leaving != 0 && other.leaving <= u.leaving
	})
}

// arrange puts the units in order: those of the plan, and behind them those that are not in it
// any more and still run.
func (m *Machine) arrange() {
	var leaving []service.Spec
	for i, u := range m.units {
		u.index = i
		if u.removed {
			leaving = append(leaving, *u.spec)
		}
	}
	m.graph = service.NewGraph(m.plan.Services, leaving...)
	if m.graph.Cycle != nil { // `after` may have named what was not there
		for i := range leaving {
			leaving[i].After = nil
		}
		m.graph = service.NewGraph(m.plan.Services, leaving...)
	}
	if m.graph.Cycle != nil { // their specs come from different plans; u.behind has the order of their stops
		for i := range leaving {
			leaving[i].Needs, leaving[i].Wants = nil, nil
		}
		m.graph = service.NewGraph(m.plan.Services, leaving...)
	}
	m.notReady = 0
	for _, u := range m.units {
		m.linkNeeds(u)
	}
}

// newest is the spec of the next run.
func (u *unit) newest() *service.Spec {
	if u.next != nil {
		return u.next
	}
	return u.spec
}

// follow makes a spec the one that u follows.
func (u *unit) follow(spec *service.Spec) {
	if spec.Edition != u.spec.Edition {
		u.failures, u.starts, u.probe.pause = 0, u.starts[:0], 0
	}
	if u.spec, u.next = spec, nil; !u.state.Live() {
		u.hooks = &spec.Hooks
	}
	u.trimStarts()
}

// linkNeeds finds the units that u needs, by its newest spec.
func (m *Machine) linkNeeds(u *unit) {
	u.needs = nil
	for _, name := range u.newest().Needs {
		if need := m.named(name); need != nil {
			u.needs = append(u.needs, need)
		}
	}
}

// followReload stops what a reload has changed or removed, as soon as nothing that stops
// before it is left, and forgets what is gone.
func (m *Machine) followReload() {
	if m.reloads == 0 {
		return
	}
	for _, i := range slices.Backward(m.graph.Order) { // what is external takes no time, and holds up no other
		if u := m.units[i]; u.leaving != 0 && u.spec.External {
			m.sayf(Info, u, "%s: %s", stopWords(u), u.whyLeaving())
			u.beginStop(m)
		}
	}
	for _, i := range slices.Backward(m.graph.Order) {
		u := m.units[i]
		if u.leaving == 0 || u.state != service.Starting && u.state != service.Up || u.held() {
			continue
		}
		u.leave(m)
	}
	gone := func(u *unit) bool { return u.removed && !u.state.Live() && !u.probe.busy }
	if !slices.ContainsFunc(m.units, gone) {
		return
	}
	for _, u := range m.units {
		if gone(u) {
			delete(m.names, u.spec.Name)
			m.do(Forget{Service: u.spec.Name})
		}
	}
	m.units = slices.DeleteFunc(m.units, gone)
	m.arrange()
}

// leave begins the stop of a unit, in its turn.
func (u *unit) leave(m *Machine) {
	if u.told == "asked to" {
		m.say(Info, u, stopWords(u))
	} else {
		m.sayf(Info, u, "%s: %s", stopWords(u), u.whyLeaving())
	}
	if u.stays {
		u.wanted = false
	}
	u.beginStop(m)
}

// whyLeaving says why a reload or a request ends a run.
func (u *unit) whyLeaving() string {
	if u.told != "" {
		return u.told
	}
	if u.removed {
		return "it is not in the plan any more"
	}
	return "it has changed"
}

// replaced: the run of a unit that a reload was about to stop is over already. It tells
// whether that is so: then it does not matter how the run has ended.
func (u *unit) replaced(m *Machine, what string) bool {
	switch {
	case u.leaving == 0 || !m.keeping():
		return false
	case u.removed, u.stays:
		u.wanted = false
		u.become(m, service.Down)
		m.say(Info, u, what)
	case u.cannotRestart(m, what):
	default:
		u.become(m, service.Waiting)
		m.sayf(Info, u, "%s; starting it again", what)
	}
	return true
}
