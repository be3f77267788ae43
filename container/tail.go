package container

import (
	"context"

	"sexton/proc"
	"sexton/service"
	"sexton/stdio"
)

// followLogs is a step of Prepare: it notes how far the log files of a service have come, which
// count from there on.
func followLogs(ctx context.Context, c *Container, spec *service.Spec, _ service.Run) error {
	if len(spec.Log.Tail) == 0 {
		return nil
	}
	return c.output.mux.Follow(ctx, spec.Name, spec.Log.Tail)
}

// tail says how the lines of a service's log files look, when its output is opened for a run. What it
// returns is called with the run's PID.
func (o *output) tail(spec *service.Spec, run service.Run, log service.Log) (started func(proc.PID)) {
	if len(spec.Log.Tail) == 0 {
		if o.tailed[spec.Name] { // an earlier run had some
			delete(o.tailed, spec.Name)
			o.mux.Unfollow(spec.Name)
		}
		return func(proc.PID) {}
	}
	if o.tailed == nil {
		o.tailed = make(map[string]bool)
	}
	o.used, o.tailed[spec.Name] = true, true
	if log.Format == service.Inherit { // this output does pass through us
		log.Format = service.Raw
	}
	from := stdio.Source{Service: spec.Name, Run: run, Log: log}
	o.mux.TailOf(from, 0)
	return func(pid proc.PID) { o.mux.TailOf(from, int(pid)) }
}

// tails tells whether the log files of any service are followed.
func (o *output) tails() bool {
	for i := range o.services {
		if len(o.services[i].Log.Tail) > 0 {
			return true
		}
	}
	return false
}
