// Package pid1 is the one event loop: it hears what happens, asks the machine
// what to do, and does it. It owns the machine and the table of children. It makes no
// decision about a service: code here that asks for a service's state is a bug.
//
// One event is finished before the next begins. There is no other concurrency to think of:
// everything that works beside the loop holds no state of its own and posts its events to
// the inbox (inbox.go).
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
	"sexton/notify"
	"sexton/proc"
	"sexton/service"
)

// Config is what it takes to run a plan.
type Config struct {
	Plan   service.Plan
	Owner  Owner
	Kernel Kernel
	Output Output
	// Check makes one attempt of a probe that needs no process.
	Check func(ctx context.Context, p service.Probe, before *service.FileMark) error
	// LookAt tells what is at the path of a file probe before a start; nil: every file counts
	// as ready. It may take longer than ctx.
	LookAt func(ctx context.Context, path string) (service.FileMark, error)
	// Outsider names the process that answers a probe over the network, if it is not one of the run with this first process; "" if it is,
	// or if that is not known. It may take a while. nil: that is never known.
	Outsider func(ready service.Probe, name string, first proc.PID, kin []proc.PID) string
	// Footprints returns how many bytes of memory families of processes hold, by their roots (procfs.Footprints); nil:
	// that is not known. It may take long.
	Footprints func(families [][]proc.Other) []int64
	// Zone loads a time zone by its name, "" for the container's; nil: all are UTC. It is called for services with a schedule.
	Zone func(name string) (*time.Location, error)
	// ClockSet calls told, from another goroutine, whenever the clock was set, until stop is
	// called; nil: the clock is never set.
	ClockSet func(told func()) (stop func())
	// OpenNotify opens by what a run says that it is ready, and calls heard for each message from another goroutine;
	// nil: services of that kind are never ready.
	OpenNotify func(spec *service.Spec, heard func(notify.Message)) (Notification, error)
	// Listen makes the Listener for one attempt of an exec probe; nil: its output is dropped.
	Listen func() (Listener, error)
	// Seed feeds the jitter of restarts.
	Seed uint64
	// Trace gets the run as a dialogue; nil: there is none.
	Trace io.Writer
	// NameOrphan gets each orphan and its name before the orphan is reaped. May be nil.
	NameOrphan func(orphan proc.Dead, name string)
	// NeedOrphans means that we warn when orphans cannot be adopted.
	NeedOrphans bool
	// LeaveOrphans means that we adopt none. The first process gets them anyway.
	LeaveOrphans bool
	// SpawnStatus is the exit status of a command that cannot be started; it is not tried
	// again then. nil: the status that a shell would have, and a start that may succeed
	// later is tried again.
	SpawnStatus func(*proc.SpawnError) int
	// MoreThreads is how many more threads than usual services may need: Output may block in
	// more than two places, and clients may ask the loop.
	MoreThreads int
	// Threads is how many threads may be needed at once beside the loop's; 0:
	// as many as the plan makes likely.
	Threads int
	// Stopping is called with the reason when the end begins, when a drain is over, and when
	// a stop signal went to main to decide (service.ForwardToMain). It returns at once. May be nil.
	Stopping func(why string)
	// Ended is called with the summary when the last output has been written. It returns
	// within the time given. May be nil.
	Ended func(sum service.Summary, within time.Duration)
	// Notify sends a message to the service manager that started us. It does not wait: full
	// means that the message must be sent again. nil: there is no manager.
	Notify func(message string) (full bool, err error)
	// Redact returns a text without the secrets of services. nil: there are none.
	Redact func(text string) string
	// Verbose means that lines of level Debug are wanted. Only then we look up the name of a
	// signal's sender for them.
	Verbose bool
}

// PID1 is the loop's state.
type PID1 struct {
	Config
	machine *machine.Machine
	table   forward.Table
	began   time.Time
	handles map[string]*handle // of the services, by their names

	moreDead bool // the last turn left dead children for the next

	inbox         inbox
	feeds         []*Feed       // clients that follow what changes
	changes       uint64        // of state, so far
	toldReadiness string        // to those
	questions     []question    // to be answered at the end of this turn
	watching      chan struct{} // closed to end the look for new connections; nil: there is none
	ended         chan struct{} // closed when the loop has ended
	checks        chan struct{} // holds one element for each check over the network that is on its way

	counts  service.Counts
	adopted int // plans, by reloads

	answers   []machine.Event // to be taken before anything else is heard
	children  map[proc.PID]*child
	runs      map[service.Run]*child            // the children that serve
	watched   map[service.Run]proc.Hold         // groups whose first process has ended
	trees     map[service.Run]*tree             // of runs whose ladder has begun
	guessed   map[proc.PID]uint64               // what behind has named without proof: its number and start
	kin       map[proc.PID]kinsman              // processes that have left their run's group, as far as we have seen
	kinLimit  int                               // see remember
	probes    map[service.Run]attempt           // the attempt on its way
	hooks     map[service.Run]*child            // the hook that runs
	marks     map[service.Run]*service.FileMark // what a file probe's path had before the start
	looking   map[service.Run]ordered           // starts that wait for a look at that path
	preparing map[service.Run]*preparation      // starts that wait for what comes before them
	places    chan struct{}                     // has room for one more element if another preparation may begin
	allowed   int                               // how many preparations may be on their way at once
	timetable timetable
	sweep     sweep
	strays    strays

	nextLook     machine.Instant // for servers behind wrappers; 0: none is due
	lookUntil    machine.Instant // the end of the time for looking at other processes in this turn; 0: we have not begun
	orphansKnown bool            // orphansSeen is of this turn
	orphansSeen  []kinsman

	summary service.Summary
	stage   machine.Stage // of the end, as Stopping was told
	// lastWords are the lines of the machine's last step.
	lastWords []machine.Action

	terminal    proc.Terminal
	hasTerminal bool
	shares      bool     // the service with the terminal stays in our session
	holder      proc.PID // the process that has got it; 0: none
	dropped     bool     // the first start was made: an heir has got what we inherited
	trimmed     bool
	reserved    bool            // reserveThreads was called
	busyAt      machine.Instant // when a client asked last, or a service of the boot was started

	notice      notice
	unforwarded unforwarded
	recent      recent
	oom         oom
	memory      memory
}

// New makes the loop. Run runs it.
func New(c Config) *PID1 {
	p := &PID1{
		Config:    c,
		machine:   machine.New(c.Plan, c.Seed),
		table:     forward.New(&c.Plan),
		began:     time.Now(),
		children:  make(map[proc.PID]*child),
		runs:      make(map[service.Run]*child),
		watched:   make(map[service.Run]proc.Hold),
		probes:    make(map[service.Run]attempt),
		hooks:     make(map[service.Run]*child),
		marks:     make(map[service.Run]*service.FileMark),
		looking:   make(map[service.Run]ordered),
		preparing: make(map[service.Run]*preparation),
		places:    newPlaces(),
		trees:     make(map[service.Run]*tree),
		guessed:   make(map[proc.PID]uint64),
		kin:       make(map[proc.PID]kinsman),
		kinLimit:  kinMost,
		ended:     make(chan struct{}),
		checks:    make(chan struct{}, 1),
	}
	p.handles = handlesOf(&p.Plan)
	return p
}

// Run runs the container to the last line of output and returns its exit status. The order
// of the boot matters: the caller has had the kernel catch signals before, so we cannot miss
// the death of a child.
func (p *PID1) Run() (status int) {
	if _, _, _, err := p.Kernel.Peek(); err != nil {
		return p.refuse(fmt.Sprintf("nothing was started: sexton could not see the end of a process: %v; allow the system call in the seccomp profile", err))
	}
	p.adoptOrphans()
	p.findTerminal()
	if !p.Plan.Init.Heir {
		p.Kernel.LeaveNothingOpen()
	}
	if !p.Plan.Init.Lean {
		if !p.reserveThreads() {
			return p.refuse(noThreads)
		}
		_ = p.Kernel.OutOfMemory() // what was killed before us does not count
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

// live is the loop. If it panics, the machine is broken, and everything is stopped without
// it.
func (p *PID1) live() (status int) {
	defer func() {
		if cause := recover(); cause != nil {
			status = p.leaveWithoutMachine(cause)
		}
	}()
	defer close(p.ended) // before the above: a client must not wait for it
	p.setOut()
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
	event = p.redacted(event)
	p.recent.add(now, event)
	actions := p.machine.Step(now, event)
	p.trace(now, event, actions)
	p.tellChanges()
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

// takeAnswers takes the answers that are there, but not those that they cause: the starts of
// a thousand services cause each other.
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
