// Package proc holds the Unix values that all other rooms use: process
// numbers, signals and their names, how a process ended, and what is needed to
// start one. It does nothing and imports no other room.
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
	// Single is only the run's first process.
	Single
	// Tree is the group, and the run's descendants that have left the group.
	Tree
	// Core is the group, and processes that have left it but must not outlive the run if the
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
	OOM    bool // the kernel killed this process, or the one whose status it passed on, because memory ran out
}

// Status is the exit status as a shell reports it: the process's own, or
// 128+N when signal N killed it.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return e.Signal.Status()
	}
	return e.Code
}

// String returns words that fit after a name: "exited with status 1",
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

// Usage is what a dead process and the children that it reaped have used.
type Usage struct {
	User, System time.Duration
	MaxRSSBytes  int64
}

// Hold is a hold on a process group which keeps its meaning after the group's
// leader was reaped.
type Hold interface {
	// Signal sends sig to the rest of the group; 0 only asks. It tells whether a
	// process is left. When a signal was sent, a zombie that its own parent does not
	// reap does not count.
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
	Modes any // its modes then, in the kernel room's own type; nil: unknown
}

// Dead is a child that has ended and is still a zombie, as waitid(2) with
// WNOWAIT shows it.
type Dead struct {
	PID   PID
	Exit  Exit
	Usage Usage
}

// Caught is one signal that reached this process, with what the kernel's
// siginfo says about it (sigaction(2), "The siginfo_t argument").
type Caught struct {
	Signal Signal
	Code   int    // si_code: SI_USER 0, SI_QUEUE -1, SI_TKILL -6, SI_KERNEL 128, ...
	PID    PID    // sender, where Code <= 0; zero: outside our PID namespace
	UID    int    // sender's real UID, where Code <= 0
	Value  uint64 // what sigqueue(3) carried, where Code is SI_QUEUE

	// Lost is how many signals were dropped before this one because our queue
	// was full. With Signal zero there is no other news.
	Lost int
}

// News is the result of a wait.
type News struct {
	// Signals that were caught, in order; SIGCHLD is not among them. The slice
	// is valid until the next wait.
	Signals []Caught
	// ChildDied means "look": one SIGCHLD may stand for many dead children.
	ChildDied bool
}

// ErrQueueFull: no more signals with a value can be queued for the user of a
// process (EAGAIN of sigqueue(3), RLIMIT_SIGPENDING of getrlimit(2)).
var ErrQueueFull = errors.New("the queue of signals is full")

// The values of Caught.Code that we use (include/uapi/asm-generic/siginfo.h).
const (
	CodeUser   = 0
	CodeQueue  = -1
	CodeTkill  = -6
	CodeKernel = 128
)

// Queued tells whether the signal carries a value from sigqueue(3).
func (c Caught) Queued() bool { return c.Code == CodeQueue }

// Command is everything that is needed to start one process. The zero value of every
// field except Argv means "as in this process", unless the field says
// otherwise.
type Command struct {
	Argv []string // at least one; Argv[0] without a slash is looked up in PATH of Env
	Env  []string // KEY=VALUE; nil: an empty environment

	// Secrets are more entries of the environment. nil: none.
	Secrets Secrets

	Settings

	// Heir means that this child, and no other one, gets everything that we were started with:
	// our directory and the descriptors above 2. Before the child runs its first instruction, we
	// have changed to the root directory and closed the descriptors.
	Heir bool

	// Files become descriptors 0, 1, 2 in the child; -1 opens /dev/null.
	// They belong to the caller: Spawn does not close them.
	Files [3]int
	Pass  []Passed // more descriptors that the child gets, each under its own number

	OurGroup     bool // it stays in our process group: no group and no session of its own
	Foreground   int  // descriptor of a terminal whose foreground group the child becomes; -1: none
	TakeTerminal bool // the terminal Foreground becomes the controlling terminal of the new session, if it can be had

	Credential *Credential // nil: ours

	Mask   uint64 // signals blocked in the child: bit N-1 for signal N
	Ignore uint64 // signals ignored in the child, likewise
}

// Secrets are entries of an environment that are not in Go's memory, so that they leave no traces in it.
type Secrets interface {
	// Map gives the entries until Unmap: NAME=VALUE and a NUL byte each. It fails if they have been dropped.
	Map() ([]byte, error)
	Unmap()
}

// Passed is a descriptor FD of ours that is descriptor At, at least 3, in the child. It belongs to the
// caller.
type Passed struct{ FD, At int }

// Credential is the user and the groups that a child runs as.
type Credential struct {
	UID, GID int
	Groups   []int // supplementary groups; nil: none
}

// Other is a process that we did not start ourselves, as it was at one moment.
type Other struct {
	PID, Parent, Group, Session PID

	Started uint64 // in the kernel's own unit; distinguishes two processes with the same PID
}

// SpawnError says which step of starting a process failed.
type SpawnError struct {
	Stage string // "fork", "exec", "chdir", "setgroups", ...
	Path  string // the object of the step; may be empty
	Err   error  // a syscall.Errno if the kernel refused
	Mend  string // what the user can do about it; may be empty

	NotFound bool // the command does not exist: the exit status is 127 then, as in a shell, and 126 otherwise
	Passing  bool // the same start may succeed later
}

func (e *SpawnError) Error() string {
	text := e.Stage
	switch {
	case e.Path == "":
	case strings.ContainsFunc(e.Path, func(c rune) bool { return c == ' ' || !unicode.IsPrint(c) }):
		text += fmt.Sprintf(" %q", e.Path) // so that it reads as one word
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
