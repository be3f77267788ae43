package machine

import (
	"time"

	"sexton/proc"
	"sexton/service"
)

// Event is something that has happened. The set is closed: the types below.
type Event interface{ event() }

// Booted: all is ready for the first start.
type Booted struct{}

// Prepared: everything that must be done before the run's start is done. If it failed,
// StartFailed comes instead.
type Prepared struct{ Run service.Run }

// Started: the run's program is running. PID is for people.
type Started struct {
	Run service.Run
	PID proc.PID
}

// StartFailed: the run has no process. Err says which step failed and how to
// fix it. Status is the one that a shell would report (126, 127). Passing means
// that the same start may well succeed later (no memory, too many processes).
type StartFailed struct {
	Run     service.Run
	Err     string
	Status  int
	Passing bool
}

// Exited: the run's first process has ended. It is still a zombie, and stays
// one until the loop has done the actions that Step returns. Usage decides nothing:
// it is recorded for people, and is not in a trace. Behind names a process that a run which
// ended well has left running; "": none. Stays means that this process comes from this run
// for certain, and is not in its group, which is killed now.
type Exited struct {
	Run    service.Run
	Exit   proc.Exit
	Usage  proc.Usage
	Behind string
	Stays  bool
}

// Emptied: no process is left of those that Watch means. With Run zero: no process is left
// at all, after Sweep.
type Emptied struct{ Run service.Run }

// Escaped: processes that come from a run, but are in other groups, get the signals of its
// ladder, and its stop waits for them. Names is for people. Claimed means that only their own
// environment says where they come from.
type Escaped struct {
	Run     service.Run
	Names   string
	Claimed bool
}

// Survived: one of the processes that the last Sweep reaches descends from us. A shell that
// was opened from outside (docker exec) does not.
type Survived struct{}

// Stray: a process that belongs to no service which still runs is about to get
// the signal of the present Sweep. Service is the one that it came from, "" where that is
// not known. Claimed tells that only its own environment says so, which any process can
// write; Outside that it does not descend from us (docker exec), so that its end counts for
// nothing.
type Stray struct {
	PID     proc.PID
	Command string
	Service string
	Claimed bool
	Outside bool
	Killed  bool // it gets KILL as a part of a service's ladder, whose first process has ended
}

// StrayEnded: a process of a Stray has ended. The loop says it only of processes whose end
// it sees: not of another process's child.
type StrayEnded struct{ PID proc.PID }

// Probed: attempt Seq of asking the run whether it is ready has ended. Err ""
// means that it is; otherwise Err says what the attempt saw. It comes once for each Probe,
// also behind StopProbe, and not before the attempt's processes are gone. Output is the last
// line that an exec probe wrote.
type Probed struct {
	Run    service.Run
	Seq    uint64
	Err    string
	Output string
}

// Notified: the run has said something of itself (sd_notify(3)).
type Notified struct {
	Run                        service.Run
	Ready, Reloading, Stopping bool
	HasStatus                  bool
	Status                     string        // one line; "" clears
	Extend                     time.Duration // the present phase may last so long from now
	Alive, Trigger             bool          // the watchdog: all is well; it has expired
	HasWatchdog                bool
	Watchdog                   time.Duration // another interval of it; 0: none
}

// Connected: Count new connections have come since WatchConnections or since the last
// Connected; or Unknown says why that cannot be known.
type Connected struct {
	Count   int
	Unknown string
}

// Due: the time has come at which the schedule of a service wants a run. At is that time in
// words. Missed is how many runs before it were not made in their time: we did not run, or
// the clock was set. Late means that At is long past too, so that there shall be no run.
type Due struct {
	Service string
	At      string
	Missed  int
	Late    bool
}

// Hooked: command Seq of a hook has ended. Err "" means that it ended well; otherwise Err says
// how it ended, or why it could not be started, and Status is what a shell would report. It
// comes once for each RunHook, also behind StopHook, and not before the command's processes
// are gone. Output is the last line that it wrote.
type Hooked struct {
	Run    service.Run
	Seq    uint64
	Err    string
	Status int
	Output string
}

// Signalled: we got Signal, and Rule says what it does. Value is what a queued signal
// carried.
type Signalled struct {
	Signal proc.Signal
	Rule   service.Rule
	Queued bool
	Value  uint64
	From   string // who sent it, in words
	Typed  bool   // it came from the keyboard of our terminal
}

// Asked: a client that is allowed to has sent a request. From says who, in words that follow
// "asked to"; "": not known.
type Asked struct {
	Verb    Ask
	Service string
	From    string
	Signal  proc.Signal // of AskSignal
}

// Ask is a kind of request.
type Ask uint8

const (
	AskShutdown Ask = iota
	AskStart
	AskStop
	AskRestart
	AskShutdownNow // without the drain
	AskRun         // a oneshot or a scheduled service, now
	AskSignal      // send a signal to it
)

func (a Ask) String() string {
	return [...]string{"shutdown", "start", "stop", "restart", "shutdown-now", "run", "signal"}[a]
}

// FilesChanged: files that a service watches have changed. What says which, in words. Reload: it is
// to take them without a restart, if it can.
type FilesChanged struct {
	Service string
	What    string
	Reload  bool
}

// Reloaded: Plan takes the place of the running one. It is not changed afterwards. A
// service whose Edition is another than before is started again.
type Reloaded struct{ Plan service.Plan }

// Ticked: the time of Next has come. Ticking too early or too often does
// nothing.
type Ticked struct{}

func (Booted) event()       {}
func (Prepared) event()     {}
func (Started) event()      {}
func (StartFailed) event()  {}
func (Exited) event()       {}
func (Emptied) event()      {}
func (Escaped) event()      {}
func (Survived) event()     {}
func (Stray) event()        {}
func (StrayEnded) event()   {}
func (Hooked) event()       {}
func (Probed) event()       {}
func (Due) event()          {}
func (Signalled) event()    {}
func (Notified) event()     {}
func (Connected) event()    {}
func (Asked) event()        {}
func (FilesChanged) event() {}
func (Reloaded) event()     {}
func (Ticked) event()       {}
