// Package cli is the words that people and scripts use: it reads command
// lines, prints, and says with which status to exit. What a verb does is done
// elsewhere.
package cli

import (
	"fmt"
	"io"
	"time"

	"sexton/kernel"
	"sexton/proc"
	"sexton/service"
)

// Exit statuses of our own (sysexits.h).
const (
	exitUsage    = 64
	exitInternal = 70
	exitConfig   = 78
	exitNotFound = 127 // as shells have it
)

// descriptorsLeast is how many descriptors we must be able to open beside the
// standard ones for anything but one command: the signals' two, the poller's two, and a file.
const descriptorsLeast = 5

// Version is set by the linker (-X sexton/cli.Version=...).
var Version = "0.1.0-dev"

// Main runs one command line, args[0] the name that we were called by, and
// returns the exit status.
func Main(args []string) int {
	if len(args) == 0 {
		args = []string{"sexton"}
	}
	if read := foreign(args[0]); read != nil {
		return read(args, kernel.Environ()).run()
	}
	c := &call{verb: "run", environ: kernel.Environ(), stdout: careful(1), stderr: careful(2)}
	path := ""
	if new(kernel.Linux).First() { // by docker exec it is not the container's end
		path = service.DefaultTerminationLog
	}
	if err := c.parse(args[1:]); err != nil {
		return c.refuse(exitUsage, path, fmt.Sprintf("sexton: %v\nTry: sexton --help\n", err))
	}
	if c.verb != "run" && c.verb != verbPause {
		kernel.RestoreSignals()
	}
	switch {
	case c.help || c.verb == "help":
		fmt.Fprint(c.stdout, usage)
		return 0
	case c.version || c.verb == "version":
		fmt.Fprintf(c.stdout, "sexton version %s\n", Version)
		return 0
	}
	if c.verb != verbPause && !c.alone() || c.trace != "" {
		if text, fatal := refusedCalls(kernel.Refused()); fatal {
			return c.refuse(exitInternal, path, text)
		} else if c.verb == "run" {
			fmt.Fprint(c.stderr, text)
		}
		if err := kernel.MayOpen(descriptorsLeast); err != nil {
			return c.refuse(exitInternal, path, fmt.Sprintf("sexton: %d more descriptors cannot be opened, and everything but one command needs them: %v; raise the limit of open files (--ulimit nofile, ulimit -n)\n", descriptorsLeast, err))
		}
	}
	switch c.verb {
	case "check":
		return c.check()
	case "doctor":
		return c.doctor()
	case "run", verbPause:
		return c.run()
	}
	return c.operate()
}

// verbs are the first words that are not a COMMAND, and whether this version has
// them. `--` makes any of them a COMMAND.
var verbs = map[string]bool{
	"check": true, "status": true, "health": true, "why": true, "shutdown": true, "version": true, "help": true, "doctor": true, verbPause: true,
	"start": false, "stop": false, "restart": false, "signal": false, "logs": false, "reload": false,
}

// verbPause runs nothing: it reaps, and waits for a stop signal.
const verbPause = "pause"

// call is one command line.
type call struct {
	verb    string
	environ []string
	stdout  io.Writer
	stderr  io.Writer

	config  string   // -c; "": not given
	command []string // COMMAND ARG...
	dashes  bool     // which stands behind --
	words   []string // what stands behind a verb that asks a running sexton: services
	flags   []given  // in their order, for complaints

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

	json, ready, live, immediately, brief bool
}

// rewrite is one --rewrite FROM:TO; to 0 drops the signal.
type rewrite struct{ from, to proc.Signal }

const usage = `sexton: PID 1 for containers

  sexton [flags] -- COMMAND [ARG...]    run one command, as tini and dumb-init do
  sexton [-c FILE]                      run the services of FILE
  sexton -c FILE -- COMMAND [ARG...]    run both, COMMAND as the main service
  sexton COMMAND [ARG...]               the same where FILE is there, otherwise one command
  sexton pause                          run nothing: reap orphans, and wait for a stop signal
  sexton check [-c FILE]                say what is wrong with FILE, or what it would do
  sexton status [--json] [SERVICE...]   how the services of a running sexton are
  sexton health [--ready|--live] [SERVICE...]
                                        exit with 0 or 1, for HEALTHCHECK and exec probes
  sexton why [--json] SERVICE           how its last runs ended
  sexton shutdown [--now]               the graceful end; --now leaves the drain out
  sexton doctor [--brief] [-c FILE]     what sexton can do in this container, what not, and how to mend it;
                                        --brief: only what failed, and notes
  sexton version

FILE is /etc/sexton.toml unless -c or $SEXTON_CONFIG says otherwise.

Flags
  -c, --config FILE        the services to run
      --again              start them even where a sexton of this container runs them already
  -v, --verbose            say more
  -q, --quiet              say nothing but errors
      --trace FILE         write down what happened and what was decided
  -s, --subreaper          adopt orphans when not PID 1; always done, taken for tini's sake
  -w, --name-orphans       say each orphan that is reaped

Flags for one command
      --single-child       forward signals to the command alone, not to its process group
      --rewrite FROM:TO    forward TO when FROM comes; TO 0 drops it; repeatable
  -e, --ok-code N          exit with 0 when the command exits with N; repeatable
      --linger TIME        what outlives the command gets TERM, and KILL after TIME
                           (default 2s; 0: leave at once, as tini does); pause knows it
                           too. What got the command's stop signal with it is waited for
      --grace TIME         KILL the command, and what got the signal with it, TIME after
                           a stop signal (default: $SEXTON_GRACE, or never); pause knows
                           it too
      --setsid             start the command in a session of its own
  -p, --parent-death SIG   get SIG when our own parent dies, and so does the command when we do
  -g                       taken and without effect: the process group is the default

Exit status: the command's or main service's own, 128+N if signal N killed it;
with services 0 after a stop in time, 137 if something had to be killed;
64 wrong usage, 78 wrong configuration, 70 our fault, 126/127 cannot run/not found.
`
