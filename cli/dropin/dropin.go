// Package dropin reads the command lines of other inits: tini, dumb-init, catatonit and the inits that
// Docker and Podman put into containers. Each reader is a pure function from arguments and environment
// to a plan. docs/drop-in.md lists the differences from them, and the reasons.
package dropin

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/config"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Line is the command line of another init in terms of our own.
type Line struct {
	// Answered marks a command line that only asks for text, or that is wrong. Then the answer is
	// Out, Err and Status, and nothing runs.
	Answered bool
	Status   int
	Out, Err string

	Plan         service.Plan
	ResetSignals bool // start the command with no signal blocked or ignored; otherwise with those that we inherited
	OKCodes      []int
	NameOrphans  bool
	LeaveOrphans bool
	ParentDeath  proc.Signal
	SpawnStatus  func(*proc.SpawnError) int
	NotExecuted  string // what the other init prints for a COMMAND that cannot be executed, up to the reason
	Warning      string // a line for stderr, printed first if orphans go to another process
	Voices       [machine.Debug + 1]Voice
}

// Voice is the form of the lines of one level: the descriptor, the other init's prefix, and what
// follows that prefix if the text is sexton's own. The zero Voice is silent.
type Voice struct {
	FD         int
	Mark, Self string
}

// ourMark is the prefix of sexton's own texts among another init's.
const ourMark = "sexton: "

// A reader turns the command line of one init into a Line. pid is our own process ID, which some inits print.
type reader func(args, environ []string, pid int) *Line

// Read reads a command line whose args[0] is the name of another init. ok is false if it is
// not such a name: then sexton runs as itself.
func Read(args, environ []string, pid int) (line *Line, ok bool) {
	read := readerOf(args[0])
	if read == nil {
		return nil, false
	}
	return read(args, environ, pid), true
}

func readerOf(name string) reader {
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "tini", "tini-static":
		return tini
	case "docker-init", "podman-init":
		return runtimeInit
	case "dumb-init":
		return dumbInit
	case "catatonit":
		return catatonit
	}
	return nil
}

// answer is a line that only prints.
func answer(status int, out, err string) *Line {
	return &Line{Answered: true, Status: status, Out: out, Err: err}
}

// newDropIn is what the other inits have in common: one command that gets every
// signal except CHLD, and whose end is ours at once.
func newDropIn(argv, environ []string) *Line {
	d := &Line{Plan: config.OneCommand(argv, environ)}
	d.Plan.Init.Linger, d.Plan.Init.ContinueIfStopped = 0, false
	d.Plan.Init.Rules = map[proc.Signal]service.Rule{proc.PIPE: {Verb: service.VerbForward}}
	return d
}

// newPause is a pause process: it runs nothing, reaps, and ends with 0 when it
// gets TERM or INT.
func newPause() *Line {
	d := &Line{Plan: config.Pause()}
	d.Plan.Init.Linger, d.Plan.Init.Rules = 0, make(map[proc.Signal]service.Rule)
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		d.Plan.Init.Rules[s] = service.Rule{Verb: service.VerbIgnore}
	}
	d.Plan.Init.Rules[proc.TERM] = service.Rule{Verb: service.VerbStop}
	d.Plan.Init.Rules[proc.INT] = service.Rule{Verb: service.VerbStop}
	return d
}

// ignore drops signals.
func (d *Line) ignore(signals ...proc.Signal) {
	for _, s := range signals {
		d.Plan.Init.Rules[s] = service.Rule{Verb: service.VerbIgnore}
	}
}

// anyError is the same status for every command that cannot be executed, and 1 for
// a failure before exec.
func anyError(status int) func(*proc.SpawnError) int {
	return func(failed *proc.SpawnError) int {
		if failed.Stage != "exec" {
			return 1
		}
		return status
	}
}

// Errno is the errno of a failed exec; 0 if something else failed.
func Errno(failed *proc.SpawnError) unix.Errno {
	if errno, ok := failed.Err.(unix.Errno); ok && failed.Stage == "exec" {
		return errno
	}
	return 0
}

// fullName reads a signal in the form "SIGTERM" only.
func fullName(text string) (proc.Signal, bool) {
	name, ok := strings.CutPrefix(text, "SIG")
	if !ok {
		return 0, false
	}
	for i, known := range proc.SignalNames() {
		if known == name {
			return proc.Signal(i + 1), true
		}
	}
	return 0, false
}

// marked is a line of ours with another init's prefix.
func marked(mark, format string, args ...any) string {
	return mark + fmt.Sprintf(format, args...) + "\n"
}
