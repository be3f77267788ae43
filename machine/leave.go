package machine

import (
	"sexton/proc"
	"sexton/service"
)

// leave is the last step.
func (m *Machine) leave() {
	for i := range m.units {
		if u := m.units[i]; u.state.Live() {
			u.noteEnd(m, true) // it hangs in the kernel
		}
	}
	m.status = m.exitStatus()
	m.shutdown.phase, m.shutdown.deadline = finished, never
	m.do(Summarize{m.summary()})
	m.sayf(m.shutdownLevel(), nil, "leaving with status %d, %s after the shutdown began", m.status, span(m.now-m.shutdown.at))
	m.over = true
	m.do(Leave{Status: m.status})
}

// exitStatus is the container's, by the table in docs/exit-codes.md.
func (m *Machine) exitStatus() int {
	s := &m.shutdown
	from := m.named(m.plan.Init.ExitCodeFrom)
	switch {
	case m.plan.Init.StaysIdle:
		return 0 // the processes that are left then are not ours, and it has ended as it was asked to
	case from != nil && from.state.Live() && !from.leaderGone:
		return proc.KILL.Status() // it hangs in the kernel and ends with us
	case from != nil && from.ended != "":
		return from.lastStatus
	case s.asked && s.killed:
		return proc.KILL.Status()
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

// firstFailure is the status of failed; 0 when none has.
func (m *Machine) firstFailure() int {
	if u := m.failed(); u != nil {
		return max(1, u.lastStatus)
	}
	return 0
}

// failed is the first service of the file that failed for good, or nil.
func (m *Machine) failed() *unit {
	for i := range m.units {
		if m.units[i].state == service.Failed {
			return m.units[i]
		}
	}
	return nil
}
