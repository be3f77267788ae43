// Package cli is the words that people and scripts use: it reads command
// lines, prints, and says with which status to exit. What a verb does is done
// elsewhere.
package cli

import (
	"fmt"
	"io"
	"strings"

	"sexton/kernel"
	"sexton/proc"
	"sexton/service"
)

// Exit statuses of our own: sysexits.h for the first three, the shells' for
// the others.
const (
	exitUsage    = 64
	exitInternal = 70
	exitConfig   = 78
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
	if c.verb != "run" {
		kernel.RestoreSignals()
	}
	switch {
	case c.help:
		fmt.Fprint(c.stdout, usage)
		return 0
	case c.version || c.verb == "version":
		fmt.Fprintf(c.stdout, "sexton version %s\n", Version)
		return 0
	}
	if len(c.command) == 0 || c.config != "" || c.trace != "" {
		if err := kernel.MayOpen(descriptorsLeast); err != nil {
			return c.refuse(exitInternal, path, fmt.Sprintf("sexton: %d more descriptors cannot be opened, and everything but one command needs them: %v; raise the limit of open files (--ulimit nofile, ulimit -n)\n", descriptorsLeast, err))
		}
	}
	switch c.verb {
	case "check":
		return c.check()
	case "help":
		fmt.Fprint(c.stdout, usage)
		return 0
	case "doctor":
		return c.doctor()
	case "run":
		return c.run()
	}
	return c.operate()
}

// verbs are the first words that are not a COMMAND, and whether this version has
// them. `--` makes any of them a COMMAND.
var verbs = map[string]bool{
	"check": true, "status": true, "health": true, "why": true, "shutdown": true, "version": true, "help": true, "doctor": true,
	"start": false, "stop": false, "restart": false, "signal": false, "logs": false, "reload": false,
}

// call is one command line.
type call struct {
	verb    string
	environ []string
	stdout  io.Writer
	stderr  io.Writer

	config  string   // -c; "": not given
	command []string // COMMAND ARG...
	words   []string // what stands behind a verb that asks a running sexton: services
	flags   []string // those that were given, for complaints

	help, version bool
	single        bool
	setsid        bool
	subreaper     bool
	nameOrphans   bool
	rewrite       []rewrite
	okCodes       []int
	linger, grace *string
	parentDeath   proc.Signal
	verbosity     int // 0 as usual, -1 quiet, 1 verbose
	trace         string

	json, ready, live, immediately bool
}

// rewrite is one --rewrite FROM:TO; to 0 drops the signal.
type rewrite struct{ from, to proc.Signal }

const usage = `sexton: PID 1 for containers

  sexton [flags] -- COMMAND [ARG...]    run one command, as tini and dumb-init do
  sexton [-c FILE]                      run the services of FILE
  sexton -c FILE -- COMMAND [ARG...]    run both, COMMAND as the main service
  sexton check [-c FILE]                say what is wrong with FILE, or what it would do
  sexton status [--json] [SERVICE...]   how the services of a running sexton are
  sexton health [--ready|--live] [SERVICE...]
                                        exit with 0 or 1, for HEALTHCHECK and exec probes
  sexton why [--json] SERVICE           how its last runs ended
  sexton shutdown [--now]               the graceful end; --now leaves the drain out
  sexton doctor [-c FILE]               what sexton can do in this container, what not, and how to mend it
  sexton version

FILE is /etc/sexton.toml unless -c or $SEXTON_CONFIG says otherwise.

Flags
  -c, --config FILE        the services to run
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
                           (default 2s; 0: leave at once, as tini does)
      --grace TIME         KILL the command TIME after a stop signal (default: never)
      --setsid             start the command in a session of its own
  -p, --parent-death SIG   get SIG when our own parent dies, and so does the command when we do
  -g                       taken and without effect: the process group is the default

Exit status: the command's or main service's own, 128+N if signal N killed it;
with services 0 after a stop in time, 137 if something had to be killed;
64 wrong usage, 78 wrong configuration, 70 our fault, 126/127 cannot run/not found.
`

// known are the long names of flags, for the nearest one to a typo.
var known = []string{
	"--config", "--verbose", "--quiet", "--trace", "--subreaper", "--name-orphans", "--single-child", "--rewrite",
	"--ok-code", "--linger", "--grace", "--setsid", "--parent-death", "--help", "--version", "--json", "--ready", "--live", "--now",
}

// parse reads flags up to the first word that is none, or to `--`; the rest is
// the COMMAND, unless that word is a verb: `-c FILE check` must not start anything.
func (c *call) parse(args []string) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			if operates(c.verb) {
				c.words = append(c.words, args...)
				return c.agree()
			}
			c.command = args
			if len(args) == 0 {
				return fmt.Errorf("there is no command behind --")
			}
			return c.agree()
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			if operates(c.verb) {
				c.words = append(c.words, arg)
				continue
			}
			if c.verb != "run" {
				return fmt.Errorf("%s: %q is one word too many%s", c.verb, arg, c.fileMeant(arg))
			}
			if here, known := verbs[arg]; known {
				if !here {
					return fmt.Errorf("%s: not supported yet by this version; a program of that name is run by sexton -- %s", arg, arg)
				}
				c.verb = arg
				continue
			}
			c.command = append([]string{arg}, args...)
			return c.agree()
		}
		rest, err := c.flag(arg, args)
		if err != nil {
			return err
		}
		args = rest
	}
	return c.agree()
}

// fileMeant is the mend where a verb that reads the file was given it as a word.
func (c *call) fileMeant(word string) string {
	if (c.verb == "check" || c.verb == "doctor") && c.config == "" {
		return "; name the file with -c " + word
	}
	return ""
}

// flag takes one argument that begins with a dash, and its value from args if
// it needs one. Short flags may stand together (-sv) and have their value behind them (-e143).
func (c *call) flag(arg string, args []string) ([]string, error) {
	if strings.HasPrefix(arg, "--") {
		name, value, hasValue := strings.Cut(arg, "=")
		if short, ok := longNames[name]; ok {
			return c.set(short, name, value, hasValue, args)
		}
		if near := proc.Nearest(name, known); near != "" {
			return nil, fmt.Errorf("%s: no such flag; did you mean %s?", name, near)
		}
		return nil, fmt.Errorf("%s: no such flag; put -- before a command that begins with a dash", name)
	}
	for i := 1; i < len(arg); i++ {
		name, value := "-"+arg[i:i+1], arg[i+1:]
		if !strings.Contains("cvqswgepVh", arg[i:i+1]) {
			return nil, fmt.Errorf("-%c: no such flag; put -- before a command that begins with a dash", []rune(arg[i:])[0])
		}
		if strings.Contains("cep", arg[i:i+1]) {
			return c.set(arg[i:i+1], name, value, value != "", args)
		}
		if _, err := c.set(arg[i:i+1], name, "", false, nil); err != nil {
			return nil, err
		}
	}
	return args, nil
}

var longNames = map[string]string{
	"--config": "c", "--verbose": "v", "--quiet": "q", "--trace": "trace", "--subreaper": "s", "--name-orphans": "w",
	"--single-child": "single", "--rewrite": "rewrite", "--ok-code": "e", "--linger": "linger", "--grace": "grace",
	"--setsid": "setsid", "--parent-death": "p", "--help": "h", "--version": "V", "--group": "g",
	"--json": "json", "--ready": "ready", "--live": "live", "--now": "now",
}

// set does what a flag says.
func (c *call) set(flag, name, value string, hasValue bool, args []string) ([]string, error) {
	switch flag {
	case "c", "e", "p", "trace", "rewrite", "linger", "grace":
		if !hasValue {
			if len(args) == 0 {
				return nil, fmt.Errorf("%s: its value is missing", name)
			}
			value, args = args[0], args[1:]
		}
		if value == "" { // a variable of a script that is not set, mostly
			return nil, fmt.Errorf("%s: its value is empty", name)
		}
	default:
		if hasValue {
			return nil, fmt.Errorf("%s takes no value, but was given %q", name, value)
		}
	}
	c.flags = append(c.flags, name)
	switch flag {
	case "c":
		c.config = value
	case "v":
		c.verbosity = 1
	case "q":
		c.verbosity = -1
	case "s":
		c.subreaper = true
	case "w":
		c.nameOrphans = true
	case "g":
	case "h":
		c.help = true
	case "V":
		c.version = true
	case "trace":
		c.trace = value
	case "json":
		c.json = true
	case "ready":
		c.ready = true
	case "live":
		c.live = true
	case "now":
		c.immediately = true
	case "single":
		c.single = true
	case "setsid":
		c.setsid = true
	case "linger":
		c.linger = &value
	case "grace":
		c.grace = &value
	default:
		return args, c.setNumber(flag, name, value)
	}
	return args, nil
}
