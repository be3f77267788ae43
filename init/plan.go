package pid1

import (
	"sexton/proc"
	"sexton/service"
)

// Owner owns the running plan. The loop calls it; no method may block.
type Owner interface {
	// Command is how to start a service now. Whom it runs as may have changed since the
	// last start. An error is a start that failed. The loop fills in Files, Foreground and
	// Session.
	Command(spec *service.Spec) (proc.Command, error)
}

// Fixed is the owner of a plan that never changes: it says how a service is started.
type Fixed func(spec *service.Spec) (proc.Command, error)

// Command is Owner's.
func (f Fixed) Command(spec *service.Spec) (proc.Command, error) { return f(spec) }

// handle is what the loop knows of one service. A pointer to it stands for the service as
// long as a process, a tree or an orphan refers to it: a later service of the same name has
// another handle, while a service whose settings change keeps its own.
type handle struct {
	spec  *service.Spec    // as it is now; a child keeps the one that it was started by
	ranAs *proc.Credential // the last run; nil: as we do
}

func (h *handle) name() string { return h.spec.Name }

// handlesOf makes the handles of a plan, by the services' names.
func handlesOf(plan *service.Plan) map[string]*handle {
	handles := make(map[string]*handle, len(plan.Services))
	for i := range plan.Services {
		handles[plan.Services[i].Name] = &handle{spec: &plan.Services[i]}
	}
	return handles
}

// specOf is by which spec a run was started; that of its service while it has no process.
func (p *PID1) specOf(run service.Run, name string) *service.Spec {
	if c := p.runs[run]; c != nil {
		return c.spec
	}
	return p.handles[name].spec
}
