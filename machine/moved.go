package machine

import "sexton/service"

// Moved returns the changes of state that the last Step has made, in order, without their
// numbers. The slice is valid until the next Step.
func (m *Machine) Moved() []service.Change { return m.moved }

// note remembers a change of state for Moved.
func (m *Machine) note(u *unit, to service.State) {
	c := service.Change{At: m.now, Service: u.spec.Name, From: u.state, To: to, Run: u.run, PID: u.pid}
	if !to.Live() {
		c.Words = u.reason()
	}
	m.moved = append(m.moved, c)
}
