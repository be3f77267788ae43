package machine

import (
	"time"

	"sexton/service"
)

// What must be done before the start of a run, such as to read the files of its environment,
// happens beside the loop, since a file system may hang. A start that is called off meanwhile
// is answered at once.

// prepareSlow is how long a preparation may take before people are told.
const prepareSlow = 10 * time.Second

// prepare: a unit that has just become Starting does what comes before its start.
func (u *unit) prepare(m *Machine) {
	u.preparing, u.deadline = true, m.now+prepareSlow
	m.do(Prepare{Run: u.run, Service: u.spec.Name})
}

// nowPrepared: the start can be made.
func (u *unit) nowPrepared(m *Machine, _ Event) {
	u.preparing, u.deadline = false, never
	u.makeStart(m)
}

// latePreparation: a unit that is already being stopped needs no start any more.
func (u *unit) latePreparation(m *Machine, _ Event) {
	if u.preparing {
		u.lateRefusal(m, StartFailed{Run: u.run, Err: "it was stopped first", Status: u.lastSignal.Status()})
	}
}

// stillPreparing says that something takes very long, once.
func (u *unit) stillPreparing(m *Machine) {
	m.sayf(Warn, u, "its preparation (%s) has not ended after %s; perhaps a file system does not answer", service.Preparations, span(m.now-u.started))
}
