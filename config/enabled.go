package config

import (
	"fmt"

	"sexton/proc"
	"sexton/service"
)

// A service with enabled = false is treated as if it were not in the file.

// mark is how much a reader has to say at one moment.
type mark struct{ mistakes, dropped, notes, unset, repeats int }

func (r *reader) mark() mark {
	return mark{len(r.mistakes), r.dropped, len(r.notes), len(r.unset), len(r.reported)}
}

// forget takes back what was reported since a moment, about a disabled service. A check still
// shows the mistakes, as remarks: somebody may enable the service.
func (r *reader) forget(since mark) {
	mistakes := r.mistakes[since.mistakes:]
	r.mistakes, r.dropped = r.mistakes[:since.mistakes], since.dropped
	r.notes, r.unset = r.notes[:since.notes], r.unset[:since.unset]
	for _, key := range r.reported[since.repeats:] { // other services may report it
		delete(r.repeated, key)
	}
	r.reported = r.reported[:since.repeats]
	for _, m := range mistakes {
		if !r.options.Running && len(r.notes) < maxMistakes {
			r.notes = append(r.notes, m)
		}
	}
}

// disable notes that a service is disabled, and by what.
func (d *draft) disable(name string, by *value) {
	if d.disabled == nil {
		d.disabled = make(map[string]*value)
	}
	d.disabled[name] = by
}

// isDisabled is the value that disables a service, or nil.
func isDisabled(table *value) *value {
	if v := table.child("enabled"); v != nil {
		if enabled, ok := v.isTrue(); ok && !enabled {
			return v
		}
	}
	return nil
}

// notOne says why a name is not that of one service.
func (d *draft) notOne(v *value, name string) (text, mend string) {
	switch {
	case d.disabled[name] != nil:
		return fmt.Sprintf("the service %q is disabled %s", name, d.disabled[name].where(v)), "enable it, or remove this"
	case d.groups[name] != nil && d.groups[name].replicas:
		return fmt.Sprintf("%q has replicas, and this has to be one service", name), fmt.Sprintf("name one of them, such as %q", d.groups[name].members[0])
	case d.groups[name] != nil:
		return fmt.Sprintf("%q is a group, and this has to be one service", name), "name one of its services"
	}
	if d.find(name) != nil {
		return fmt.Sprintf("the service %q is external, and this has to be one that is started here", name), "name another service"
	}
	return fmt.Sprintf("no service is called %q", name), suggestion(name, d.names())
}

// ours is the service with a name, if it is started here; otherwise nil.
func (d *draft) ours(name string) *draftService {
	if s := d.find(name); s != nil && !s.spec.External {
		return s
	}
	return nil
}

// External services

// isExternal tells whether a service is not ours to start.
func isExternal(table *value) bool {
	external, ok := table.child("external").isTrue()
	return ok && external
}

// fitsExternal tells whether a key has an effect on a service that sexton does not start. The identity is that of an exec probe.
func fitsExternal(key string) bool {
	return isOneOf("external", "enabled", "needs", "wants", "after", "ready", "healthy", "env", "clear_env", "dir", "user", "group", "groups", "umask")(key)
}

// external reads what differs for a service that sexton does not start.
func (r *reader) external(s *draftService) {
	for _, v := range s.table.entries {
		if !fitsExternal(v.name) && has(r.rows, v.name) {
			r.wrongKey(v, "an external service is not started here, so this has no effect", "remove it, or external")
		}
	}
	s.spec.Restart, s.spec.ShutdownOn = service.Never, service.NoShutdown
	s.spec.Stop = []service.Rung{{Signal: proc.KILL}} // which is never sent, and takes no time
	ready := s.table.child("ready")
	if ready == nil {
		r.wrongKey(s.table, "nothing says how to know that this external service is ready", `add, for example, ready = { tcp = "db:5432", within = "2m" }`)
		return
	}
	for _, v := range ready.entries {
		if isOneOf("after", "log", "notify")(v.name) {
			r.wrong(v, "an external service is not started here, so this cannot tell whether it is ready", "write tcp, http, unix, exec or file")
		}
	}
}
