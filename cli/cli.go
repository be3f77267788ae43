// Package cli is the command line: it reads arguments, prints, and decides the
// exit status. Other packages do the work of the verbs.
package cli

import (
	"fmt"
	"io"
	"os"
	"sexton/container"
	"time"

	"sexton/cli/dropin"
	"sexton/kernel"
	"sexton/kernel/entry"
	"sexton/proc"
	"sexton/service"
	"sexton/verbs"
)

// The exit statuses that command lines have of their own.
const (
	exitUsage    = service.ExitUsage
	exitInternal = service.ExitInternal
	exitConfig   = service.ExitConfig
	exitNotFound = service.ExitNotFound
)

// descriptorsLeast is how many descriptors we must be able to open besides the
// standard ones for anything except one command: the signals' two, the poller's two, and a file.
const descriptorsLeast = 5

// Version is set by the linker (-X sexton/cli.Version=...).
var Version = "0.1.0-dev"

// Main runs one command line and returns the exit status. args[0] is the name under
// which we were called.
func Main(args []string) int {
	if len(args) == 0 {
		args = []string{"sexton"}
	}
	if line, ok := dropin.Read(args, entry.Environ(), os.Getpid()); ok {
		return runAs(line)
	}
	c := &call{verb: verbs.NoVerb.Name, environ: entry.Environ(), stdout: boundedWriter(1), stderr: boundedWriter(2), zones: new(container.Zones)}
	path := ""
	if new(kernel.Linux).First() { // under docker exec, our end is not the container's end
		path = service.DefaultTerminationLog
	}
	if err := c.parse(args[1:]); err != nil {
		return c.refuse(exitUsage, path, fmt.Sprintf("sexton: %v\nTry: sexton --help\n", err))
	}
	if c.verb != verbs.NoVerb.Name && c.verb != verbs.Pause {
		entry.RestoreSignals()
	}
	switch {
	case c.help || c.verb == verbs.Help:
		c.explain()
		return 0
	case c.version || c.verb == verbs.Version:
		fmt.Fprintf(c.stdout, "sexton version %s\n", Version)
		return 0
	}
	if c.verb != verbs.Pause && !c.alone() || c.trace != "" {
		if text, fatal := refusedCalls(entry.Refused()); fatal {
			return c.refuse(exitInternal, path, text)
		} else if c.verb == verbs.NoVerb.Name && c.verbosity >= 0 {
			fmt.Fprint(c.stderr, text)
		}
		if err := kernel.MayOpen(descriptorsLeast); err != nil {
			return c.refuse(exitInternal, path, fmt.Sprintf("sexton: %d more descriptors cannot be opened, and everything but one command needs them: %v; raise the limit of open files (--ulimit nofile, ulimit -n)\n", descriptorsLeast, err))
		}
	}
	switch c.verb {
	case verbs.Check:
		return c.check()
	case verbs.Doctor:
		return c.doctor()
	case verbs.NoVerb.Name, verbs.Pause:
		return c.run()
	}
	if c.row().Streams() {
		return c.followAnswer()
	}
	if c.watch {
		return c.watchAnswer()
	}
	return c.ask()
}

// explain prints the usage: of all, or of one verb.
func (c *call) explain() {
	name := c.verb
	if name == verbs.Help && len(c.words) > 0 {
		name = c.words[0]
	}
	if v := verbs.Named(name); v != nil && v.Help != "" && name != verbs.Help {
		fmt.Fprint(c.stdout, verbUsage(v))
		return
	}
	fmt.Fprint(c.stdout, usage())
}

// row is the verb's row in the table.
func (c *call) row() *verbs.Verb {
	if v := verbs.Named(c.verb); v != nil {
		return v
	}
	return &verbs.NoVerb
}

// call is one command line.
type call struct {
	verb    string
	environ []string
	zones   *container.Zones // the time zones of schedules
	stdout  io.Writer
	stderr  io.Writer

	config  string   // the first -c; "": not given
	further []string // all others
	key     string   // --explain; "": not given
	command []string // COMMAND ARG...
	dashes  bool     // which follows --
	words   []string // what follows a verb that asks a running sexton: services
	flags   []given  // in their order, for error messages

	help, version bool
	single        bool
	setsid        bool
	nameOrphans   bool
	rewrite       []rewrite
	okCodes       []int
	linger, grace *time.Duration // nil: not given
	parentDeath   proc.Signal
	verbosity     int // 0 as usual, -1 quiet, 1 verbose
	trace         string
	again         bool

	json, ready, live, immediately, brief, dryRun bool

	follow bool
	lines  *int          // nil: not given
	since  time.Duration // an age; 0: not given
	noWait bool
	watch  bool
	signal string // the first word of the verb signal

	terminal bool     // our stdin was a terminal when the files were read first
	remarks  []string // about the file, to be written as JSON when there is output
}

// rewrite is one --rewrite FROM:TO; to 0 drops the signal.
type rewrite struct{ from, to proc.Signal }
