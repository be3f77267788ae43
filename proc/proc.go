// Package proc holds the Unix words that every other room speaks: process
// numbers, signals and their names, how a process ended, and what it takes to
// start one. It does nothing; it imports nothing of the house.
package proc

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// PID is a process number in our own PID namespace. Zero means "no process
// here": it is what the kernel puts into si_pid for a sender that our
// namespace cannot see (pid_namespaces(7)).
type PID int

// Scope says how far a signal to a run reaches.
type Scope uint8

const (
	// Group is every process of the run's process group.
	Group Scope = iota
	// Single is the run's first process alone.
	Single
	// Tree is the group, and all that descends from the run and has left the group.
	Tree
	// Core is the group, and what has left it but must not outlive the run where the
	// service is started again: the server behind a wrapper.
	Core
)

func (s Scope) String() string { return [...]string{"group", "process", "tree", "core"}[s] }

// Exit is how a process ended. Either Signal is zero and Code is its exit
// status (0 to 255), or Signal is the signal that killed it.
type Exit struct {
	Code   int
	Signal Signal
	Core   bool // a core image was dumped
	OOM    bool // the kernel's KILL for want of memory did it: to this process, or to the one whose status it passed on
}

// Status is the exit status as a shell gives it: the process's own, or
// 128+N when signal N killed it.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return e.Signal.Status()
	}
	return e.Code
}

// String says it in words that fit behind a name: "exited with status 1",
// "killed by SIGSEGV, core dumped", "killed by SIGKILL, out of memory".
func (e Exit) String() string {
	switch {
	case e.Signal != 0 && e.Core:
		return fmt.Sprintf("killed by SIG%v, core dumped", e.Signal)
	case e.Signal != 0 && e.OOM:
		return fmt.Sprintf("killed by SIG%v, out of memory", e.Signal)
	case e.Signal != 0:
		return fmt.Sprintf("killed by SIG%v", e.Signal)
	case e.OOM:
		return fmt.Sprintf("exited with status %d, out of memory", e.Code)
	default:
		return fmt.Sprintf("exited with status %d", e.Code)
	}
}

// Usage is what a dead process and the children that it reaped had used.
type Usage struct {
	User, System time.Duration
	MaxRSSBytes  int64
}

// Hold is a hold on a process group which keeps its meaning after the group's
// leader was reaped.
type Hold interface {
	// Signal sends sig to what is left of the group; 0 only asks. It tells
	// whether anybody is left; when a signal was sent, a zombie that its own parent
	// does not reap is nobody.
	Signal(sig Signal) bool
	// Group is the group's number.
	Group() PID
	// Release gives up the hold.
	Release()
}

// Terminal is the controlling terminal that we were started on.
type Terminal struct {
	FD    int // a descriptor of it
	Group int // the foreground process group when we were started: our own
	Modes any // its modes then, in the kernel room's own type; nil: not known
}

// Dead is a child that has ended and is still a zombie, as waitid(2) with
// WNOWAIT shows it.
type Dead struct {
	PID   PID
	Exit  Exit
	Usage Usage
}

// Caught is one signal that reached this process, with what the kernel's
// siginfo says of it (sigaction(2), "The siginfo_t argument").
type Caught struct {
	Signal Signal
	Code   int    // si_code: SI_USER 0, SI_QUEUE -1, SI_TKILL -6, SI_KERNEL 128, ...
	PID    PID    // sender, where Code <= 0; zero: outside our PID namespace
	UID    int    // sender's real UID, where Code <= 0
	Value  uint64 // what sigqueue(3) carried, where Code is SI_QUEUE

	// Lost is how many signals were dropped before this one because our queue
	// was full. With Signal zero it is the whole of the news.
	Lost int
}

// News is what a wait has brought.
type News struct {
	// Signals that were caught, in order; SIGCHLD is not among them. The slice
	// is valid until the next wait.
	Signals []Caught
	// ChildDied means "look", not "one": one SIGCHLD may stand for many deaths.
	ChildDied bool
}

// ErrQueueFull: no more signals with a value can be queued for the user of a
// process (EAGAIN of sigqueue(3), RLIMIT_SIGPENDING of getrlimit(2)).
var ErrQueueFull = errors.New("the queue of signals is full")

// Values of Caught.Code that matter to us (include/uapi/asm-generic/siginfo.h).
const (
	CodeUser   = 0
	CodeQueue  = -1
	CodeTkill  = -6
	CodeKernel = 128
)

// Queued tells whether the signal carries a value of sigqueue(3).
func (c Caught) Queued() bool { return c.Code == CodeQueue }

// Settings are the settings of a child that need no lookup: its file asks for each, and the child makes each between
// fork and exec (kernel/spawn/settings.go). The zero value changes nothing.
type Settings struct {
	Dir         string // working directory; "": ours at start-up
	Session     bool   // a session of its own (setsid) instead of a process group of its own
	Umask       *Umask // nil: ours
	ParentDeath Signal // PR_SET_PDEATHSIG; 0: none
}

// Umask is the file mode creation mask (umask(2)).
type Umask uint32

func (u Umask) String() string { return fmt.Sprintf("%03o", uint32(u)) }

// Command is all that it takes to start one process. The zero value of every
// field but Argv means "leave it as we have it", save where a field says
// otherwise.
type Command struct {
	Argv []string // at least one; Argv[0] without a slash is looked up in PATH of Env
	Env  []string // KEY=VALUE; nil: an empty environment

	Settings

	// Heir tells that the child gets all that we were started with, and nobody else will:
	// our directory and the descriptors above 2. We have left that directory for the root
	// directory, and closed these, before the child runs its first instruction.
	Heir bool

	// Files become descriptors 0, 1, 2 in the child; -1 opens /dev/null.
	// They stay the caller's: Spawn closes none of them.
	Files [3]int

	OurGroup     bool // it stays in our process group: no group and no session of its own
	Foreground   int  // descriptor of a terminal whose foreground group the child becomes; -1: none
	TakeTerminal bool // the terminal Foreground becomes the controlling terminal of the new session, if it can be had

	Credential *Credential // nil: ours

	Mask   uint64 // signals blocked in the child: bit N-1 for signal N
	Ignore uint64 // signals ignored in the child, likewise
}

// Credential is whom a child runs as.
type Credential struct {
	UID, GID int
	Groups   []int // supplementary groups; nil: none
}

// Other is a process beside the children that we started ourselves, as it was at
// one moment.
type Other struct {
	PID, Parent, Group, Session PID

	Started uint64 // when, in the kernel's own unit; tells two processes of one number apart
}

// SpawnError says which step of starting a process went wrong.
type SpawnError struct {
	Stage string // "fork", "exec", "chdir", "setgroups", ...
	Path  string // the object of the step; may be empty
	Err   error  // a syscall.Errno where the kernel said no
	Mend  string // what the user can do about it; may be empty

	NotFound bool // there is no such command: shells exit with 127 then, and with 126 otherwise
	Passing  bool // the same start may well succeed later
}

func (e *SpawnError) Error() string {
	text := e.Stage
	switch {
	case e.Path == "":
	case strings.ContainsFunc(e.Path, func(c rune) bool { return c == ' ' || !unicode.IsPrint(c) }):
		text += fmt.Sprintf(" %q", e.Path) // to be seen as one word
	default:
		text += " " + e.Path
	}
	text += ": " + e.Err.Error()
	if e.Mend != "" {
		text += "; " + e.Mend
	}
	return text
}

func (e *SpawnError) Unwrap() error { return e.Err }
