package machine

import "sexton/service"

// restartTogether restarts the units that are to be restarted with another one (service.Spec.RestartWith):
// when that one is ready again, in a run that has begun after theirs. config sees to it that
// they do not restart each other in a circle.
func (m *Machine) restartTogether() {
	for _, u := range m.units {
		if len(u.spec.RestartWith) == 0 || u.leaving != 0 || u.state != service.Starting && u.state != service.Up {
			continue
		}
		for _, name := range u.spec.RestartWith {
			if with := m.named(name); with != nil && with.restartedAfter(u) {
				m.sayf(Info, u, "%s: %s was restarted", stopWords(u), name)
				u.beginStop(m)
				break
			}
		}
	}
}

// restartedAfter tells whether the unit is ready in a run that is not its first one, and began after that of another unit.
func (u *unit) restartedAfter(other *unit) bool {
	return (u.state == service.Up || u.state == service.Done) && u.begun > 1 && u.started > other.started
}
