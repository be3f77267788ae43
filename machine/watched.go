package machine

import (
	"sexton/proc"
	"sexton/service"
)

// filesChanged: a service takes the new files that it watches. One that does not run will read them when it
// starts, and one that is on its way down, too. A reload is for a service that is up: before that its program
// may not have its handler yet, and the signal would end it.
func (m *Machine) filesChanged(e FilesChanged) {
	u := m.named(e.Service)
	switch {
	case u == nil || u.removed || u.leaving != 0 || u.spec.External || !m.keeping():
	case u.state == service.Up && e.Reload && u.spec.Reload != 0:
		m.sayf(Info, u, "%s changed; reloading with SIG%v", e.What, u.spec.Reload)
		m.signalRun(u, u.spec.Reload, proc.Single)
	case u.state == service.Starting || u.state == service.Up:
		u.changed = e.What + " changed"
		u.failures, u.starts = 0, u.starts[:0]
		m.sayf(Info, u, "%s; restarting, stopping with %s", u.changed, ladderWords(u.spec))
		u.beginStop(m)
	}
}
