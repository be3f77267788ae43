// Package pid1 is the one event loop: it hears what happens, asks the machine
// what to do, and does it. It owns the machine, the table of processes and
// runs, and one alarm. It has no policy: a question about a service's state in
// here would be a bug.
//
// One event is finished before the next begins. That sentence is the whole of
// the concurrency: everything else in the program stands at the edge, holds no
// truth, posts its events to the inbox (inbox.go).
//
// (The directory is init/; Go refuses to import a package of that name.)
package pid1

import (
	"context"
	"fmt"
	"io"
	"time"

	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Config is what it takes to run a plan.
type Config struct {
	Plan service.Plan
	// Commands are how to start each service of the plan; Files and Foreground
	// are filled in here.
	Commands []proc.Command
	Kernel   Kernel
	Output   Output
	// Check makes one attempt of a probe that needs no process.
	Check func(ctx context.Context, p service.Probe, before *service.FileMark) error
	// LookAt is what there is at the path of a file probe, before a start; nil: any file counts
	// at a check. It may take longer than ctx.
	LookAt func(ctx context.Context, path string) (service.FileMark, error)
	// Listen takes what one attempt of an exec probe writes; nil: nobody does.
	Listen func() (Listener, error)
	// Seed feeds the jitter of restarts.
	Seed uint64
	// Trace gets the run as a dialogue; nil: nobody does.
	Trace io.Writer
	// NameOrphan is told of each orphan before it is reaped, and what it is called; nil:
	// nobody is.
	NameOrphan func(orphan proc.Dead, name string)
	// NeedOrphans says aloud when orphans cannot be adopted.
	NeedOrphans bool
	// LeaveOrphans adopts none: as the first process we get them all the same.
	LeaveOrphans bool
	// SpawnStatus is the exit status of a command that cannot be started, which
	// is not tried again then. nil: as shells have it, and what passes is tried
	// again.
	SpawnStatus func(*proc.SpawnError) int
	// MoreThreads is how many more than usual services may need, where Output can
	// be held up in more places than two, and where others ask the loop.
	MoreThreads int
	// Threads is how many threads may be needed at once beside the loop's; 0:
	// as many as the plan makes likely.
	Threads int
	// Stopping is called with the reason when the end begins, when a drain is over, and when
	// a stop signal went to main to decide (service.ForwardToMain). It returns at once. May be nil.
	Stopping func(why string)
	// Ended is told how it all ended, when the last output has been written; nil:
	// nobody is. It returns within that time.
	Ended func(sum service.Summary, within time.Duration)
	// Identify completes the command of the service with that index, just before each start: whom it runs
	// as may have changed. An error is a start that failed. nil: Commands are complete.
	Identify func(service int, c *proc.Command) error
	// Notify sends a message to the service manager that started us, and does not wait: full tells that
	// it is to be sent again. nil: there is none.
	Notify func(message string) (full bool, err error)
	// Verbose: lines of level Debug are wanted, so it is worth finding out
	// what a sender is called.
	Verbose bool
}

// PID1 is the loop's state.
type PID1 struct {
	Config
	machine *machine.Machine
	table   forward.Table
	began   time.Time
	index   map[string]int

	moreDead bool // the last look ended before the dead did

	inbox     inbox
	questions []question    // to be answered at the end of this turn
	watching  chan struct{} // closed to end the look for new connections; nil: there is none
	ended     chan struct{} // closed when nobody answers any more
	checks    chan struct{} // holds one element for each probe by network on its way

	counts service.Counts

	answers  []machine.Event // to be taken before anything else is heard
	children map[proc.PID]*child
	runs     map[service.Run]*child // those that serve
	watched  map[service.Run]proc.Hold
	trees    map[service.Run]*tree             // of runs whose ladder has begun
	ranAs    []*proc.Credential                // the last run of each service; nil: as we do
	guessed  map[proc.PID]uint64               // whom behind has named without proof, by number and start
	kin      map[proc.PID]kinsman              // what has left its run's group, as far as we have seen
	probes   map[service.Run]attempt           // the one on its way
	marks    map[service.Run]*service.FileMark // what a file probe's path had before the start
	looking  map[service.Run]bool              // starts that wait for a look at that path
	sweep    sweep
	strays   strays

	nextLook     machine.Instant // for servers behind wrappers; 0: none is due
	lookUntil    machine.Instant // how long we may look at others in this turn; 0: we have not begun
	orphansKnown bool            // orphansSeen is of this turn
	orphansSeen  []kinsman

	summary service.Summary
	stage   machine.Stage // of the end, as Stopping was told
	// lastWords are what the machine's last step had to say.
	lastWords []machine.Action

	terminal    proc.Terminal
	hasTerminal bool
	shares      bool     // who gets the terminal stays in our session
	holder      proc.PID // the process that has got it; 0: nobody any more
	dropped     bool     // the first start was made: an heir has got what we inherited
	trimmed     bool
	settled     bool            // settle was called
	asked       machine.Instant // when somebody asked last

	notice      notice
	unforwarded unforwarded
	recent      recent
	oom         oom
}

// New makes the loop. Run runs it.
func New(c Config) *PID1 {
	p := &PID1{
		Config:   c,
		machine:  machine.New(c.Plan, c.Seed),
		table:    forward.New(&c.Plan),
		began:    time.Now(),
		index:    make(map[string]int, len(c.Plan.Services)),
		children: make(map[proc.PID]*child),
		runs:     make(map[service.Run]*child),
		watched:  make(map[service.Run]proc.Hold),
		probes:   make(map[service.Run]attempt),
		marks:    make(map[service.Run]*service.FileMark),
		looking:  make(map[service.Run]bool),
		trees:    make(map[service.Run]*tree),
		guessed:  make(map[proc.PID]uint64),
		kin:      make(map[proc.PID]kinsman),
		ranAs:    make([]*proc.Credential, len(c.Plan.Services)),
		ended:    make(chan struct{}),
		checks:   make(chan struct{}, 1),
	}
	for i := range c.Plan.Services {
		p.index[c.Plan.Services[i].Name] = i
	}
	return p
}

// Run does all of it, to the last line of output, and returns the container's
// exit status. The order of the boot is behaviour: the kernel was told to catch
// signals before we got here, so there can be no child whose death would be missed.
func (p *PID1) Run() (status int) {
	if _, _, _, err := p.Kernel.Peek(); err != nil {
		return p.refuse(fmt.Sprintf("nothing was started: the end of a process would not be heard of: %v; allow the system call in the seccomp profile", err))
	}
	p.adoptOrphans()
	p.findTerminal()
	if !p.Plan.Init.Heir {
		p.Kernel.LeaveNothingOpen()
	}
	if !p.Plan.Init.Lean {
		if !p.settle() {
			return p.refuse(noThreads)
		}
		_ = p.Kernel.OutOfMemory() // what happened before us is not ours
	}
	p.fixNumbers()
	p.moreDead = true // children that died, or were adopted, before us
	p.traceHead()
	status = p.live()
	if p.hasTerminal {
		p.takeTerminalBack()
	}
	p.sayUnforwarded(0)
	p.flush()
	p.tellEnd()
	return status
}

// live is the loop. If it panics the brain is broken, and what is left leaves
// politely without it.
func (p *PID1) live() (status int) {
	defer func() {
		if cause := recover(); cause != nil {
			status = p.leaveWithoutMachine(cause)
		}
	}()
	defer close(p.ended) // before the above: who asks must not wait for it
	p.take(machine.Booted{})
	for !p.machine.Over() {
		p.turn()
	}
	p.notify() // the last turn ended half-way
	return p.machine.ExitStatus()
}

// now is the machine's time.
func (p *PID1) now() machine.Instant { return time.Since(p.began) }

// take hands one event to the machine and does what it orders.
func (p *PID1) take(event machine.Event) {
	now := p.now()
	p.recent.add(now, event)
	actions := p.machine.Step(now, event)
	p.trace(now, event, actions)
	for _, action := range actions {
		p.perform(action)
	}
	p.tellStopping()
}

// caught deals with one signal.
func (p *PID1) caught(c proc.Caught) {
	p.counts.Lost += uint64(c.Lost)
	if c.Lost > 0 {
		p.Output.Say(machine.Error, "", fmt.Sprintf("%d signals were lost: they came faster than they could be forwarded", c.Lost))
	}
	if forward.Resized(c) {
		p.Output.Resize()
	}
	if c.Signal == proc.CONT {
		p.foreground()
	}
	rule, ok := p.table.For(c)
	if !ok {
		return
	}
	p.counts.Signals++
	name := func(proc.PID) string { return "" }
	if p.Verbose || rule.Verb != service.VerbForward {
		name = p.Kernel.NameOf
	}
	p.take(machine.Signalled{
		Signal: c.Signal, Rule: rule, From: forward.From(c, name), Queued: c.Queued(), Value: c.Value,
		Typed: c.Code == proc.CodeKernel && (c.Signal == proc.INT || c.Signal == proc.QUIT),
	})
	p.tellPassedOn(c, rule)
}

// hear takes an event from beside the loop, behind the answers that are there.
func (p *PID1) hear(event machine.Event) {
	p.takeAnswers()
	p.take(event)
}

// takeAnswers takes the answers that are there, and not those that come of
// them: the starts of a thousand services come one of another.
func (p *PID1) takeAnswers() {
	for n := len(p.answers); n > 0 && len(p.answers) > 0; n-- {
		p.takeAnswer()
	}
}

func (p *PID1) takeAnswer() {
	event := p.answers[0]
	if p.answers = p.answers[1:]; len(p.answers) == 0 {
		p.answers = nil
	}
	p.take(event)
}
