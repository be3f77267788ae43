package machine

import "sexton/service"

// recordsMax is how many ended runs of a service are remembered.
const recordsMax = 10

// record remembers the end of the present run: r says how it ended, the rest is
// filled in here. Where no client can ask (Lean), nothing is remembered.
func (u *unit) record(m *Machine, r service.Record) {
	if m.plan.Init.Lean {
		return
	}
	r.Run, r.Number, r.PID, r.Started, r.Ended, r.Up = u.run, u.begun, u.pid, u.started, m.now, u.upAt
	if len(u.records) >= recordsMax {
		copy(u.records, u.records[1:])
		u.records = u.records[:recordsMax-1]
	}
	u.records = append(u.records, r)
}

// whyStopped says why we have asked the present run to end.
func (u *unit) whyStopped(m *Machine) string {
	switch {
	case u.failing != "":
		return u.failing
	case !m.keeping():
		return "the container stops"
	case u.told != "":
		return u.told
	case u.leaving != 0:
		return "the plan has changed"
	case u.queued:
		return "its next run is due"
	case u.changed != "":
		return u.changed
	}
	return "asked to"
}

// Records are the last runs of a service that have ended, oldest first, as a copy. nil: there
// is none, or no such service.
func (m *Machine) Records(name string) []service.Record {
	u := m.named(name)
	if u == nil {
		return nil
	}
	return append([]service.Record(nil), u.records...)
}

// holdsNobody tells whether the unit is no reason for the container not to be
// ready. One that waits for its next start is, and so is a oneshot that runs.
func (u *unit) holdsNobody() bool {
	if u.removed {
		return true
	}
	if most := u.spec.Healthy.Failures; u.spec.Scheduled() && most > 0 && u.badRuns >= most {
		return false
	}
	switch u.state {
	case service.Up:
		return !u.ending
	case service.Done, service.Down, service.Scheduled:
		return true
	case service.Failed:
		return u.spec.ShutdownOn == service.NoShutdown
	}
	return u.spec.Scheduled() // whether it runs just now is no matter
}
