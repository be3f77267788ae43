package pid1

import (
	"context"

	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Owner owns the running plan. The loop calls it; no method but Prepare may block.
type Owner interface {
	// Command is how to start a service now. Whom it runs as may have changed since the
	// last start. An error is a start that failed. The loop fills in Files, Foreground and
	// Session.
	Command(spec *service.Spec, run service.Run) (proc.Command, error)
	// Prepare does what comes before the start of a run whose spec says so. It is called beside the loop, may
	// take long, and should return when ctx is done. passing means that the same may well succeed later. What it keeps for the run's Command is
	// dropped by Release, which comes for each run of such a spec, perhaps more than once.
	Prepare(ctx context.Context, spec *service.Spec, run service.Run) (passing bool, err error)
	Release(run service.Run)
	// Filled is the spec with the variables of a run that was prepared.
	Filled(spec *service.Spec, run service.Run) *service.Spec
	// Adopt makes plan the running one, from the next start on. It returns how many threads
	// the plan may need, as Config.MoreThreads does.
	Adopt(plan *service.Plan) (moreThreads int)
	// ReadAgain reads the files of the plan again, beside the loop, and calls Reload if they have no
	// mistake. from says who wants it, in words.
	ReadAgain(from string)
	// Forget: the service is not in the plan any more, and nothing of it runs.
	Forget(name string)
}

// Fixed is the owner of a plan that never changes: it says how a service is started.
type Fixed func(spec *service.Spec) (proc.Command, error)

// Command is Owner's.
func (f Fixed) Command(spec *service.Spec, _ service.Run) (proc.Command, error) { return f(spec) }

// Prepare is Owner's. There is nothing to do.
func (Fixed) Prepare(context.Context, *service.Spec, service.Run) (bool, error) { return false, nil }

// Release is Owner's.
func (Fixed) Release(service.Run) {}

// Filled is Owner's. No variable waits for a start.
func (Fixed) Filled(spec *service.Spec, _ service.Run) *service.Spec { return spec }

// Adopt is Owner's. It is never called.
func (Fixed) Adopt(*service.Plan) int { return 0 }

// ReadAgain is Owner's. There are no files.
func (Fixed) ReadAgain(string) {}

// Forget is Owner's. It is never called.
func (Fixed) Forget(string) {}

// Reload asks for another plan, whose specs bear their editions. Any goroutine may call it. The
// machine decides what becomes of it, and the answer tells whether it is the running one now. There is none
// when the loop has ended: see Over.
func (p *PID1) Reload(plan service.Plan) (adopted <-chan bool) {
	answer := make(chan bool, 1)
	p.post(reload{plan, answer})
	return answer
}

// Over is closed when the loop has ended.
func (p *PID1) Over() <-chan struct{} { return p.ended }

type reload struct {
	plan   service.Plan
	answer chan<- bool
}

func (r reload) arrive(p *PID1) {
	p.takeAnswers()
	before := p.adopted
	p.take(machine.Reloaded{Plan: r.plan})
	r.answer <- p.adopted > before
	p.busyAt, p.trimmed = p.now(), false // what the reading took can be given back
}

// Tell prints a line about what happens beside the loop. Any goroutine may call it. After the end of the loop
// nothing is printed.
func (p *PID1) Tell(level machine.Level, text string) { p.post(told{level, text}) }

type told struct {
	level machine.Level
	text  string
}

func (t told) arrive(p *PID1) { p.Output.Say(t.level, "", t.text) }

// adopt makes plan the running one: the machine's next orders are about it.
func (p *PID1) adopt(plan service.Plan) {
	more, _ := planThreads(&p.Plan)
	had := p.threads(more)
	p.Plan, p.table = plan, forward.New(&plan)
	p.adopted++
	for i := range plan.Services {
		spec := &plan.Services[i]
		if h := p.handles[spec.Name]; h != nil {
			h.spec = spec
		} else {
			p.handles[spec.Name] = &handle{spec: spec}
		}
	}
	if limitsMemory(&p.Plan) {
		p.watchMemory()
	}
	p.setOut()
	p.MoreThreads = p.Owner.Adopt(&p.Plan)
	if more, _ = planThreads(&p.Plan); p.threads(more) > had {
		p.reserveThreads()
	} else {
		p.allowPreparations(preparationsOf(&p.Plan))
	}
	if !p.hasTerminal {
		p.findTerminal()
	}
}

// forget drops the handle of a service. What still refers to it keeps it.
func (p *PID1) forget(name string) {
	delete(p.handles, name)
	p.Owner.Forget(name)
}

// handle is what the loop knows of one service. A pointer to it stands for the service as
// long as a process, a tree or an orphan refers to it: a later service of the same name has
// another handle, while a service whose settings change keeps its own.
type handle struct {
	spec  *service.Spec    // as it is now; a child keeps the one that it was started by
	ranAs *proc.Credential // the last run; nil: as we do
	ran   *service.Spec    // the last run, with the variables of its start, if it has hooks
	ranAt service.Run      // its number
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
