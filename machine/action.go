package machine

import (
	"sexton/proc"
	"sexton/service"
)

// Action is an order to the loop. The set is closed: the types below.
type Action interface{ action() }

// Prepare: do what must be done before the start of the run (service.Spec.Prepare). The
// answer is Prepared or StartFailed.
type Prepare struct {
	Run     service.Run
	Service string
}

// Spawn: start the service as Run. The answer is Started or StartFailed.
type Spawn struct {
	Run     service.Run
	Service string
}

// CallOff: if the run's start still waits for Prepare, or for a look at its file, do not start
// it, and say StartFailed. If it was started, its answer comes as always.
type CallOff struct {
	Run     service.Run
	Service string
}

// Discard: the run, which was to be prepared, and its hooks are over. Drop what they needed.
type Discard struct {
	Run     service.Run
	Service string
}

// Signal: send Signal to the run, with Value if it is Queued. A run that has
// no process any more, or none yet, gets nothing. With proc.Tree and proc.Core a hook of the run
// gets it, too.
type Signal struct {
	Run     service.Run
	Service string
	Signal  proc.Signal
	Scope   proc.Scope
	Queued  bool
	Value   uint64
}

// ContinueIfStopped: send CONT to the run if its first process is stopped, and nothing otherwise.
type ContinueIfStopped struct {
	Run     service.Run
	Service string
	Scope   proc.Scope
}

// Widen: the run's stop reached proc.Core, and reaches proc.Tree from now on. Processes that
// got no signal so far get the one that the others got last.
type Widen struct {
	Run     service.Run
	Service string
}

// Watch: the run's first process is dead, not yet reaped. Say Emptied when its group is
// empty, and no process is left that signals with proc.Tree or proc.Core reached beyond the
// group. Until then, go on to send what Signal says.
type Watch struct {
	Run     service.Run
	Service string
}

// RunHook: run a command of the run's service, number Index of the stage. Env is added to its
// environment. The answer is Hooked.
type RunHook struct {
	Run     service.Run
	Service string
	Stage   service.Stage
	Index   int
	Seq     uint64
	Env     []string
}

// StopHook: kill the command. Its end is told by Hooked.
type StopHook struct {
	Run     service.Run
	Service string
	Seq     uint64
}

// Gather: a stop begins with a command and not with a signal. Note which processes belong to
// the run, as a Signal with this scope does.
type Gather struct {
	Run     service.Run
	Service string
	Scope   proc.Scope
}

// Probe: ask the run whether it is ready, attempt Seq, by the Ready of its
// spec, or with Health whether it is healthy, by Healthy. The answer is Probed.
type Probe struct {
	Run     service.Run
	Service string
	Seq     uint64
	Health  bool
}

// StopProbe: end the attempt. The machine does not use its answer any more, but waits for
// its end: say Probed then.
type StopProbe struct {
	Run     service.Run
	Service string
}

// Sweep: send Signal to every process that is left. Say Survived if one of them descends
// from us, and Emptied with Run zero when none is left. Behind a signal other than KILL send
// CONT, so that stopped processes receive it too.
//
// StraysOnly leaves out the groups of all runs that are alive, and says nothing
// afterwards: the services are not yet at their end.
type Sweep struct {
	Signal     proc.Signal
	StraysOnly bool
}

// WatchConnections: say Connected whenever new connections have come to the ports that
// listen in our network namespace, or, with On false, do not any more.
type WatchConnections struct{ On bool }

// Suspend: stop ourselves, until another process continues us.
type Suspend struct{}

// Reopen: open all log files again by their names.
type Reopen struct{}

// ReadAgain: read the files of the plan again, beside the loop. If they have no mistake, the answer
// is Reloaded. From says who wants it, for people.
type ReadAgain struct{ From string }

// Say: tell people. Service is "" where the container as a whole is meant.
type Say struct {
	Level   Level
	Service string
	Text    string
}

// Break: no process will read what Service writes to its stdout any more. The service goes
// on, and its writes fail.
type Break struct{ Service string }

// Summarize: this is how the container ended. It comes once, before Leave.
type Summarize struct{ service.Summary }

// Leave: write the output that is left, and exit with Status.
type Leave struct{ Status int }

// Adopt: Plan is the running plan from now on. It comes before any order that follows from it.
type Adopt struct{ Plan service.Plan }

// Forget: Service is not in the plan any more, and nothing of it runs. A later service of
// the same name is another one.
type Forget struct{ Service string }

// Level is how much a line matters.
type Level uint8

const (
	Error Level = iota // something is wrong and will stay so
	Warn               // something went wrong and we go on
	Info               // what happens
	Debug              // more words
)

func (l Level) String() string { return [...]string{"error", "warn", "info", "debug"}[l] }

func (Spawn) action()             {}
func (Prepare) action()           {}
func (CallOff) action()           {}
func (Discard) action()           {}
func (Signal) action()            {}
func (ContinueIfStopped) action() {}
func (Widen) action()             {}
func (Watch) action()             {}
func (RunHook) action()           {}
func (StopHook) action()          {}
func (Gather) action()            {}
func (Probe) action()             {}
func (StopProbe) action()         {}
func (Sweep) action()             {}
func (WatchConnections) action()  {}
func (Suspend) action()           {}
func (Reopen) action()            {}
func (ReadAgain) action()         {}
func (Break) action()             {}
func (Say) action()               {}
func (Summarize) action()         {}
func (Leave) action()             {}
func (Adopt) action()             {}
func (Forget) action()            {}
