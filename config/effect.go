package config

import (
	"fmt"

	"sexton/proc"
	"sexton/service"
)

// remarkEffects looks for keys that cannot have an effect beside others.
func (r *reader) remarkEffects(s *draftService) {
	if v := s.table.child("shutdown_on"); v != nil && s.spec.ShutdownOn == service.AnyExit && s.spec.Restart == service.Always {
		r.note(v, `restart is "always", so only giving up is an end for good, and that is a failure`,
			`write restart = "never" or "on-failure", or shutdown_on = "failure"`)
	}
	if v := s.table.child("nice"); v != nil && s.spec.Scheduler != nil && s.spec.Scheduler.Priority > 0 {
		r.note(v, "a real-time scheduler does not look at it", "remove it, or the scheduler")
	}
	for _, limit := range s.spec.Limits {
		name := proc.Resources[limit.Resource]
		if v := s.table.child("limits").child(name); v != nil && (name == "rss" || name == "locks") {
			r.note(v, fmt.Sprintf("on Linux the limit %s has no effect", name), "remove it; getrlimit(2) lists the limits that work")
		}
	}
}
