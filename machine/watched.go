package machine

import "sexton/service"

// filesChanged: a service takes the new files that it watches. One that does not run will read them when it
// starts, and one that is on its way down, too.
func (m *Machine) filesChanged(e FilesChanged) {
	u := m.named(e.Service)
	if u == nil || u.removed || u.leaving != 0 || u.spec.External || !m.keeping() || u.state != service.Starting && u.state != service.Up {
		return
	}
	u.changed = e.What + " changed"
	u.failures, u.starts = 0, u.starts[:0]
	m.sayf(Info, u, "%s; restarting, stopping with %s", u.changed, ladderWords(u.spec))
	u.beginStop(m)
}
