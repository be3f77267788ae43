package cli

import (
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/config"
	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/machine"
	"sexton/probe"
	"sexton/proc"
	"sexton/service"
)

// Called by the name of another init, as a link or a copy, we take its command
// line and its environment and behave as it does. docs/drop-in.md says where we
// do not, and why.

// dropIn is the command line of another init in terms of our own.
type dropIn struct {
	// answered marks a line that is done when out and err are written: it asks for
	// words alone, or is wrong. Then status is all there is otherwise.
	answered bool
	status   int
	out, err string

	plan         service.Plan
	command      proc.Command
	okCodes      []int
	nameOrphans  bool
	leaveOrphans bool
	parentDeath  proc.Signal
	spawnStatus  func(*proc.SpawnError) int
	notExecuted  string // what the other says of a COMMAND that cannot be executed, up to the reason
	warning      string // a line for stderr, before anything else, where orphans go to somebody else
	voices       [machine.Debug + 1]voice
}

// voice is how lines of one level look: where they go, what the other init writes before
// its lines, and what stands between that and words of our own. The zero voice is silent.
type voice struct {
	fd         int
	mark, self string
}

// ourMark stands before words of our own among another's.
const ourMark = "sexton: "

// foreign finds the reader of another init's command line by the name that we
// were called by; nil means that we are ourselves.
func foreign(name string) func(args, environ []string) *dropIn {
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

// answer makes the line one that is done with words.
func answer(status int, out, err string) *dropIn {
	return &dropIn{answered: true, status: status, out: out, err: err}
}

// newDropIn is what the others have in common: one command, which is told every
// signal but CHLD, and whose end is ours at once.
func newDropIn(argv, environ []string) *dropIn {
	d := &dropIn{plan: config.OneCommand(argv, environ)}
	d.plan.Init.Linger, d.plan.Init.Rouse = 0, false
	d.plan.Init.Rules = map[proc.Signal]service.Rule{proc.PIPE: {Verb: service.VerbForward}}
	main := &d.plan.Services[0]
	main.Name = path.Base(argv[0])
	d.plan.Init.Main = main.Name
	d.command = oneCommand(main)
	return d
}

// newPause is a pause process: it runs nothing, reaps, and ends with 0 when it
// gets TERM or INT.
func newPause() *dropIn {
	d := &dropIn{plan: service.Plan{Init: service.Init{Pause: true, Rules: make(map[proc.Signal]service.Rule)}}}
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		d.plan.Init.Rules[s] = service.Rule{Verb: service.VerbIgnore}
	}
	d.plan.Init.Rules[proc.TERM] = service.Rule{Verb: service.VerbStop}
	d.plan.Init.Rules[proc.INT] = service.Rule{Verb: service.VerbStop}
	return d
}

// ignore drops signals.
func (d *dropIn) ignore(signals ...proc.Signal) {
	for _, s := range signals {
		d.plan.Init.Rules[s] = service.Rule{Verb: service.VerbIgnore}
	}
}

// run is the container's life.
func (d *dropIn) run() int {
	if d.answered {
		_, _ = io.WriteString(os.Stdout, d.out)
		_, _ = io.WriteString(os.Stderr, d.err)
		return d.status
	}
	linux := &kernel.Linux{}
	speaker := newSpeaker(d.voices)
	deaf, err := linux.Catch()
	for _, why := range deaf {
		speaker.Say(machine.Warn, "", why.Error()+"; going on without it")
	}
	if err == nil && d.parentDeath != 0 {
		err = kernel.SetParentDeath(d.parentDeath)
	}
	if err != nil {
		speaker.Say(machine.Error, "", err.Error())
		speaker.Flush(time.Second, time.Second, func() {})
		return 1
	}
	if d.warning != "" && !linux.First() && !linux.AdoptsOrphans() {
		_, _ = io.WriteString(os.Stderr, d.warning)
	}
	var commands []proc.Command
	if !d.plan.Init.Pause {
		commands = append(commands, d.command)
	}
	var nameOrphan func(proc.Dead, string)
	if d.nameOrphans { // in tini's words, which scripts look for
		nameOrphan = func(dead proc.Dead, _ string) {
			speaker.original(machine.Warn, fmt.Sprintf("Reaped zombie process with pid=%d", dead.PID))
		}
	}
	status := pid1.New(pid1.Config{
		Plan: d.plan, Commands: commands, Kernel: linux, Output: speaker, Check: probe.Check, Seed: seed(),
		NameOrphan: nameOrphan, NeedOrphans: !d.leaveOrphans, LeaveOrphans: d.leaveOrphans,
		SpawnStatus: d.failed(speaker), Threads: speaker.threads(), Verbose: d.voices[machine.Debug].fd != 0,
	}).Run()
	if slices.Contains(d.okCodes, status) {
		return 0
	}
	return status
}

// failed is spawnStatus, and has the speaker say why in the other's form: scripts look for
// that line. What failed before the exec has no form of theirs.
func (d *dropIn) failed(s *speaker) func(*proc.SpawnError) int {
	if d.spawnStatus == nil {
		return nil
	}
	return func(failed *proc.SpawnError) int {
		if errno := errnoOf(failed); errno != 0 {
			s.instead = strings.Replace(d.notExecuted, "COMMAND", d.command.Argv[0], 1) + strerror(errno)
		}
		return d.spawnStatus(failed)
	}
}

// strerror is the C library's text for an error. Go's is the same, but for the capital.
func strerror(errno unix.Errno) string {
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// anyError gives every command that cannot be started one status, but for
// those that never got as far as exec.
func anyError(status int) func(*proc.SpawnError) int {
	return func(failed *proc.SpawnError) int {
		if failed.Stage != "exec" {
			return 1
		}
		return status
	}
}

// errnoOf is the errno of a failed exec; 0 where it was something else.
func errnoOf(failed *proc.SpawnError) unix.Errno {
	if errno, ok := failed.Err.(unix.Errno); ok && failed.Stage == "exec" {
		return errno
	}
	return 0
}

// fullName reads a signal as "SIGTERM", and in no other way.
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

// marked puts what another init writes before its lines before one of ours.
func marked(mark, format string, args ...any) string {
	return mark + fmt.Sprintf(format, args...) + "\n"
}
