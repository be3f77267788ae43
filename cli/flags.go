package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/forward"
	"sexton/proc"
	"sexton/verbs"
)

// flag is one of sexton's flags. Each verb lists the flags that it knows.
type flag struct {
	short, long string // "-c", "--config"; one may be ""
	value       bool   // it takes one
	arg         string // what the value is called in the usage
	oneCommand  bool   // it is for one command; for services, the file has keys
	help        string // in the usage; "": it is not shown
	set         func(c *call, name, value string) error
}

// name is the flag's name in the lists of verbs.
func (f *flag) name() string { return cmp.Or(f.long, f.short) }

// verbs are those that know the flag.
func (f *flag) verbs() (names []string) {
	for _, v := range append([]verbs.Verb{verbs.NoVerb}, verbs.All...) {
		if v.Knows(f.name()) {
			names = append(names, v.Name)
		}
	}
	return names
}

// flags are all flags; of two that are equally near to a typo, the first is suggested.
var flags = []flag{
	{short: "-c", long: "--config", value: true, arg: "FILE", help: "the services to run; repeatable: a later file changes\nwhat an earlier one says", set: (*call).addFile},
	{long: "--explain", value: true, arg: "KEY", help: "the value of KEY, and the file and line that set it",
		set: func(c *call, _, value string) error { c.key = value; return nil }},
	{long: "--again", help: "start the services even if a sexton in this container runs them",
		set: func(c *call, _, _ string) error { c.again = true; return nil }},
	{short: "-v", long: "--verbose", help: "print more", set: func(c *call, _, _ string) error { c.verbosity = 1; return nil }},
	{short: "-q", long: "--quiet", help: "print only errors",
		set: func(c *call, _, _ string) error { c.verbosity = -1; return nil }},
	{long: "--trace", value: true, arg: "FILE", help: "write events and decisions to FILE",
		set: func(c *call, _, value string) error { c.trace = value; return nil }},
	{short: "-s", long: "--subreaper", help: "no effect: sexton always adopts orphans; tini has this flag", set: noEffect},
	{short: "-w", long: "--name-orphans", help: "print each orphan that is reaped",
		set: func(c *call, _, _ string) error { c.nameOrphans = true; return nil }},
	{long: "--single-child", oneCommand: true, help: "forward signals only to the command, not to its process group",
		set: func(c *call, _, _ string) error { c.single = true; return nil }},
	{long: "--rewrite", value: true, arg: "FROM:TO", oneCommand: true, help: "forward TO when FROM comes; TO 0 drops it; repeatable", set: (*call).addRewrite},
	{short: "-e", long: "--ok-code", value: true, arg: "N", oneCommand: true, help: "exit with 0 when the command exits with N; repeatable", set: (*call).addOKCode},
	{long: "--linger", value: true, arg: "TIME", oneCommand: true,
		help: "what outlives the command gets TERM, and KILL after TIME\n(default 2s; 0: exit at once, as tini does). Processes that\ngot the command's stop signal too are waited for",
		set:  func(c *call, name, value string) error { return setDuration(&c.linger, name, value) }},
	{long: "--grace", value: true, arg: "TIME", oneCommand: true,
		help: "KILL the command, and processes that got the signal too, TIME\nafter a stop signal (default: $SEXTON_GRACE, or never)",
		set:  func(c *call, name, value string) error { return setDuration(&c.grace, name, value) }},
	{long: "--setsid", oneCommand: true, help: "start the command in a session of its own", set: func(c *call, _, _ string) error { c.setsid = true; return nil }},
	{short: "-p", long: "--parent-death", value: true, arg: "SIG", oneCommand: true,
		help: "get SIG when sexton's parent dies; the command gets it when\nsexton dies", set: (*call).setParentDeath},
	{short: "-g", long: "--group", help: "no effect: signals go to the process group; tini has this flag", set: noEffect},
	{short: "-h", long: "--help", set: func(c *call, _, _ string) error { c.help = true; return nil }},
	{short: "-V", long: "--version", set: func(c *call, _, _ string) error { c.version = true; return nil }},
	{long: "--brief", help: "only what failed, and notes", set: func(c *call, _, _ string) error { c.brief = true; return nil }},
	{long: "--json", help: "the answer as JSON, on one line", set: func(c *call, _, _ string) error { c.json = true; return nil }},
	{long: "--ready", help: "whether the container, or the services, are ready; the default", set: func(c *call, _, _ string) error { c.ready = true; return nil }},
	{long: "--live", help: "whether sexton's loop answers, or the services have a process", set: func(c *call, _, _ string) error { c.live = true; return nil }},
	{short: "-f", long: "--follow", help: "go on with what is written from now on", set: func(c *call, _, _ string) error { c.follow = true; return nil }},
	{short: "-n", long: "--lines", value: true, arg: "N", help: "only the last N lines of each service", set: (*call).setLines},
	{long: "--since", value: true, arg: "T", help: "only lines since T: a length of time, or an RFC 3339 time", set: (*call).setSince},
	{short: "-w", long: "--watch", help: "show it again every second", set: func(c *call, _, _ string) error { c.watch = true; return nil }},
	{long: "--no-wait", help: "return at once, and do not wait for the effect", set: func(c *call, _, _ string) error { c.noWait = true; return nil }},
	{long: "--now", help: "skip the drain; the stop ladders keep their time", set: func(c *call, _, _ string) error { c.immediately = true; return nil }},
	{long: "--dry-run", help: "only print what would change", set: func(c *call, _, _ string) error { c.dryRun = true; return nil }},
}

// noEffect is for what sexton always does.
func noEffect(*call, string, string) error { return nil }

// given is a flag as given on the command line.
type given struct {
	name string
	*flag
}

// flagNamed finds a flag. Of two with one name, it is the one that the verb knows.
func (c *call) flagNamed(name string) (found *flag) {
	for i := range flags {
		if f := &flags[i]; (name == f.long || name == f.short) && (found == nil || c.row().Knows(f.name())) {
			found = f
		}
	}
	return found
}

// parse reads flags up to the first word that is not a flag, or to `--`; the rest is
// the COMMAND, unless that word is a verb: `-c FILE check` must not start anything.
func (c *call) parse(args []string) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			if c.row().Asks() {
				c.words = append(c.words, args...)
				return c.agree()
			}
			c.command, c.dashes = args, true
			if len(args) == 0 {
				return fmt.Errorf("there is no command after --")
			}
			return c.agree()
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			if c.row().Asks() {
				c.words = append(c.words, arg)
				continue
			}
			if c.verb == verbs.Help && len(c.words) == 0 && verbs.Named(arg) != nil {
				c.words = []string{arg}
				continue
			}
			if c.verb != verbs.NoVerb.Name {
				return fmt.Errorf("%s: %q is one word too many%s", c.verb, arg, c.fileMeant(arg))
			}
			if v := verbs.Named(arg); v != nil {
				if v.Help == "" {
					return fmt.Errorf("%s: not supported yet by this version; to run a program of that name, write sexton -- %s", arg, arg)
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

// fileMeant is the mend if a verb that reads the file got it as a word.
func (c *call) fileMeant(word string) string {
	if c.config == "" && !c.row().Asks() && c.row().Knows("--config") {
		return "; to name the file, write -c " + word
	}
	if c.verb == verbs.Pause {
		return ": it runs no command; sexton -- " + word + " runs one"
	}
	return ""
}

// flag takes one argument that begins with a dash, and its value from args if
// it needs one. Short flags may stand together (-sv) and be followed by their value (-e143).
func (c *call) flag(arg string, args []string) (rest []string, err error) {
	if strings.HasPrefix(arg, "--") {
		name, value, hasValue := strings.Cut(arg, "=")
		if f := c.flagNamed(name); f != nil {
			return c.set(given{name, f}, value, hasValue, args)
		}
		var known []string
		for _, f := range flags {
			known = append(known, f.long)
		}
		if near := proc.Nearest(name, known); near != "" {
			return nil, fmt.Errorf("%s: no such flag; did you mean %s?", name, near)
		}
		return nil, fmt.Errorf("%s: no such flag; put -- before a command that begins with a dash", name)
	}
	for i := 1; i < len(arg); i++ {
		name, value := "-"+arg[i:i+1], arg[i+1:]
		f := c.flagNamed(name)
		switch {
		case f == nil:
			return nil, fmt.Errorf("-%c: no such flag; put -- before a command that begins with a dash", []rune(arg[i:])[0])
		case f.value:
			return c.set(given{name, f}, value, value != "", args)
		}
		if _, err := c.set(given{name, f}, "", false, nil); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// set does what a flag says.
func (c *call) set(g given, value string, hasValue bool, args []string) (rest []string, err error) {
	switch {
	case !g.value && hasValue:
		return nil, fmt.Errorf("%s takes no value, but was given %q", g.name, value)
	case g.value && !hasValue && len(args) == 0:
		return nil, fmt.Errorf("%s: its value is missing", g.name)
	case g.value && !hasValue:
		value, args = args[0], args[1:]
	}
	if g.value && value == "" { // usually a script's variable that is not set
		return nil, fmt.Errorf("%s: its value is empty", g.name)
	}
	c.flags = append(c.flags, g)
	return args, g.flag.set(c, g.name, value)
}

// addFile takes one more file: the first is the one that sexton is known by.
func (c *call) addFile(_, value string) error {
	if c.config == "" {
		c.config = value
	} else {
		c.further = append(c.further, value)
	}
	return nil
}

func (c *call) addOKCode(name, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 255 {
		return fmt.Errorf("%s %s: an exit status is a number from 0 to 255", name, value)
	}
	c.okCodes = append(c.okCodes, n)
	return nil
}

func (c *call) setParentDeath(name, value string) error {
	s, err := proc.ParseSignal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.parentDeath = s
	return nil
}

func (c *call) addRewrite(name, value string) error {
	r, err := parseRewrite(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, value, err)
	}
	c.rewrite = append(c.rewrite, r)
	return nil
}

// parseRewrite reads FROM:TO.
func parseRewrite(text string) (r rewrite, err error) {
	from, to, ok := strings.Cut(text, ":")
	if !ok {
		return r, fmt.Errorf("write FROM:TO, TERM:QUIT for example, or TERM:0 to drop it")
	}
	if r.from, err = proc.ParseSignal(from); err != nil {
		return r, err
	}
	if forward.CannotBeCaught(r.from) || forward.Ours(r.from) {
		return r, fmt.Errorf("SIG%v never reaches sexton, so it cannot be rewritten", r.from)
	}
	if strings.TrimSpace(to) == "0" {
		return r, nil
	}
	r.to, err = proc.ParseSignal(to)
	return r, err
}

// setDuration reads a flag's length of time.
func setDuration(into **time.Duration, name, text string) error {
	d, err := time.ParseDuration(text) // which accepts a bare 0
	if _, number := strconv.ParseFloat(text, 64); err != nil && number == nil {
		return fmt.Errorf("%s %s: the length of time has no unit; write %ss for seconds", name, text, text)
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%s %s: write a length of time, 2s or 500ms for example", name, text)
	}
	*into = &d
	return nil
}

// agree checks that the flags fit the verb, each other and the form of the call.
func (c *call) agree() error {
	if c.help || c.version {
		return nil
	}
	if c.verb == verbs.Pause && c.dashes {
		return fmt.Errorf("pause: it runs no command; sexton -- %s runs one", strings.Join(c.command, " "))
	}
	alone := c.verb == verbs.NoVerb.Name && c.config == "" && len(c.command) > 0
	for _, g := range c.flags {
		switch {
		case c.row().Knows(g.flag.name()) && (c.verb != verbs.NoVerb.Name || alone || !g.oneCommand):
		case c.row().Asks():
			return fmt.Errorf("%s: it has no flag %s", c.verb, g.name)
		case c.verb == verbs.Pause:
			return fmt.Errorf("pause: it has no flag %s: it runs nothing", g.name)
		case g.oneCommand:
			return fmt.Errorf("%s is for one command; for services, use the keys of the file", g.name)
		default:
			return fmt.Errorf("%s is a flag of sexton %s", g.name, strings.Join(g.verbs(), " and "))
		}
	}
	switch {
	case c.ready && c.live:
		return fmt.Errorf("health: --ready or --live, not both")
	case c.row().Asks():
		return c.acceptWords()
	}
	return nil
}
