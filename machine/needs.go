package machine

import (
	"fmt"
	"slices"

	"sexton/proc"
	"sexton/service"
)

// What happens to a unit when another one that it needs has failed for good: a unit
// without a process fails too; a unit that runs is stopped, and has failed then.

// lostNeeds tells for each unit which of its needs cannot be met any more: one that
// failed for good, or one that has lost a need of its own. It is nil while no unit has
// failed, and counts only units that are wanted up.
func (m *Machine) lostNeeds() []*unit {
	if m.failed() == nil {
		return nil
	}
	lost := make([]*unit, len(m.units))
	for _, i := range m.graph.Order {
		u := m.units[i]
		if !u.wanted || u.state == service.Down || u.state == service.Done || u.state == service.Failed || u.state == service.Scheduled {
			continue
		}
		for _, need := range u.needs {
			if need.state == service.Failed || lost[need.index] != nil {
				lost[i] = need
				break
			}
		}
	}
	return lost
}

// lostNeed is the same for one unit.
func (m *Machine) lostNeed(u *unit) *unit {
	if lost := m.lostNeeds(); lost != nil {
		return lost[u.index]
	}
	return nil
}

// endLost ends every unit whose needs are lost: those without a process at once, those that
// run in the order of a stop, so that a unit ends after all that need it. A unit that only
// wants a lost one goes on.
func (m *Machine) endLost() {
	lost := m.lostNeeds()
	if lost == nil {
		return
	}
	for _, i := range m.graph.Order {
		u := m.units[i]
		if need := lost[i]; need != nil && (u.state == service.Waiting || u.state == service.BackingOff) {
			if m.cannotStart(u, need, lost); !m.keeping() {
				return
			}
		}
	}
	held := m.heldByLost(lost)
	for _, i := range slices.Backward(m.graph.Order) {
		u := m.units[i]
		if need := lost[i]; need != nil && !held[i] && (u.state == service.Starting || u.state == service.Up) {
			u.failing, u.lost = lostWords(need, lost), true
			m.sayf(Warn, u, "%s: %s", stopWords(u), u.failing)
			u.beginStop(m)
		}
	}
}

// heldByLost tells for each unit whether another one that has lost a need must be down
// before it.
func (m *Machine) heldByLost(lost []*unit) []bool {
	held := make([]bool, len(m.units))
	for _, i := range slices.Backward(m.graph.Order) {
		for _, j := range m.graph.Behind[i] {
			held[i] = held[i] || held[j] || lost[j] != nil && m.units[j].state.Live() && !m.units[j].spec.External
		}
	}
	return held
}

// lostWords says why a need cannot be met: "it needs api, which needs db, which failed".
func lostWords(need *unit, lost []*unit) string {
	text := "it needs " + need.spec.Name
	for ; need.state != service.Failed; need = lost[need.index] {
		text += ", which needs " + lost[need.index].spec.Name
	}
	return text + ", which failed"
}

// cannotStart: Waiting, BackingOff -> Failed, because of another's failure. Its status is
// its own, if it ever ran. The other's status does not end the container, or it would have
// done so already.
func (m *Machine) cannotStart(u, need *unit, lost []*unit) {
	why := lostWords(need, lost)
	if u.begun == 0 || u.ended == "" { // it has never run here: sexton may have watched an external one
		u.ended = "not started: " + why
		m.say(Error, u, u.ended)
	} else {
		u.gaveUp = "not restarted: " + why
		m.say(Error, u, u.gaveUp)
	}
	u.lastStatus = max(1, u.lastStatus)
	u.becomeFailed(m)
}

// cannotRestart: -> Failed, for a unit that has just ended and would be started again, but
// has lost a need. It tells whether that is so.
func (u *unit) cannotRestart(m *Machine, what string) bool {
	lost := m.lostNeeds()
	if lost == nil || lost[u.index] == nil {
		return false
	}
	u.ended, u.gaveUp = what, "not restarted: "+lostWords(lost[u.index], lost)
	u.lastStatus = max(1, u.lastStatus)
	if u.state.GoesDown() {
		u.lastStatus = u.failedStatus()
	}
	m.say(Error, u, u.reason())
	u.becomeFailed(m)
	return true
}

// stoppedLost: a unit that was stopped because its needs were lost is down.
func (u *unit) stoppedLost(m *Machine, why string) {
	text := fmt.Sprintf("stopped after %s", span(m.now-u.stopAt))
	if u.lastSignal == proc.KILL {
		text = fmt.Sprintf("killed after %s", span(m.now-u.stopAt))
	}
	if m.lostNeed(u) == nil { // a request has started the other one again
		u.become(m, service.Waiting)
		m.say(Info, u, text+"; starting it again")
		return
	}
	u.ended, u.lastStatus = fmt.Sprintf("stopped: %s", why), u.failedStatus()
	m.say(Info, u, text)
	u.becomeFailed(m)
}
