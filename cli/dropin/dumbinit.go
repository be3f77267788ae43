package dropin

import (
	"fmt"

	"sexton/proc"
	"sexton/service"
)

const dumbInitVersion = "dumb-init v1.2.5 (sexton)\n"

const dumbInitMark = "[dumb-init] "

const dumbInitUsage = dumbInitVersion + `Usage: %[1]s [option] command [[arg] ...]

This is sexton under another name: it runs the command in a session of its own,
forwards signals to all of that, and reaps what others leave behind.

   -c, --single-child   signals go to the command alone, which stays in our session
   -r, --rewrite s:r    forward signal r when signal s comes, by their numbers
                        (s: 1 to 31, r: 0 to 31, 0 forwards nothing); repeatable
   -v, --verbose        say what happens
   -h, --help           show this
   -V, --version        show the version

DUMB_INIT_DEBUG=1       as -v
DUMB_INIT_SETSID=0      as -c

sexton can do more under its own name: sexton --help.
`

// dumbInit reads dumb-init's command line.
func dumbInit(args, environ []string, _ int) *Line {
	options, argv := getopt(args, "hvVcr:", []longOption{
		{name: "help", flag: 'h'}, {name: "single-child", flag: 'c'}, {name: "rewrite", flag: 'r', value: true},
		{name: "verbose", flag: 'v'}, {name: "version", flag: 'V'},
	}, false)
	single, verbose := false, false
	rewrites := make(map[proc.Signal]proc.Signal)
	for _, o := range options {
		if o.wrong != "" {
			return answer(1, "", o.wrong+"\n")
		}
		switch o.flag {
		case 'h':
			return answer(0, "", fmt.Sprintf(dumbInitUsage, args[0]))
		case 'V':
			return answer(0, "", dumbInitVersion)
		case 'c':
			single = true
		case 'v':
			verbose = true
		case 'r':
			from, to, ok := dumbInitRewrite(o.value)
			if !ok {
				return answer(1, "", fmt.Sprintf("Usage: -r takes s:r, two numbers of signals: s from 1 to 31, r from 0 to 31, not %q; see %s --help\n", o.value, args[0]))
			}
			rewrites[from] = to
		}
	}
	if len(argv) == 0 {
		return answer(1, "", fmt.Sprintf("Usage: %[1]s [option] program [args]\nTry %[1]s --help for full usage.\n", args[0]))
	}
	if value, _ := Variable(environ, "DUMB_INIT_DEBUG"); value == "1" {
		verbose = true
	}
	if value, _ := Variable(environ, "DUMB_INIT_SETSID"); value == "0" {
		single = true
	}
	d := newDropIn(argv, environ)
	d.ResetSignals = true
	d.LeaveOrphans = true
	d.SpawnStatus, d.NotExecuted = anyError(2), "COMMAND: "
	d.becomeDumb(single, rewrites)
	levels := 1
	if verbose {
		levels = len(d.Voices)
	}
	for level := range d.Voices[:levels] {
		d.Voices[level] = Voice{FD: 2, Mark: dumbInitMark, Self: ourMark}
	}
	return d
}

// dumbInitRewrite reads two numbers and a colon as scanf(3) does: blanks and a
// sign before a number are allowed, and anything after the second number.
// A number too large for an int keeps its low bits.
func dumbInitRewrite(text string) (from, to proc.Signal, ok bool) {
	first, rest, ok := leadingNumber(text)
	if !ok || rest == "" || rest[0] != ':' {
		return 0, 0, false
	}
	second, _, ok := leadingNumber(rest[1:])
	from, to = proc.Signal(int32(first)), proc.Signal(int32(second))
	return from, to, ok && from >= 1 && from <= 31 && to >= 0 && to <= 31
}

// becomeDumb handles signals as dumb-init does. TSTP, TTIN and TTOU stop the
// command's session with STOP, because an orphaned process group does not stop on
// them (setpgid(2)), and then sexton itself. At the command's end its group gets
// TERM.
//
// A single child stays in our group; it has ended by then, and its number may
// belong to another process, so it gets no signal.
func (d *Line) becomeDumb(single bool, rewrites map[proc.Signal]proc.Signal) {
	main := &d.Plan.Services[0]
	main.Single, main.OurGroup, main.TTY = single, single, !single
	main.Session = !single
	for _, s := range []proc.Signal{proc.TSTP, proc.TTIN, proc.TTOU} {
		if _, rewritten := rewrites[s]; !single && !rewritten {
			rewrites[s] = proc.STOP
		}
		d.Plan.Init.Rules[s] = service.Rule{Verb: service.VerbForward}
	}
	for from, to := range rewrites {
		if from == proc.CHLD { // it is for sexton, and never forwarded
			continue
		}
		rule := service.Rule{Verb: service.VerbForward, Signal: to}
		if to == 0 {
			rule.Verb = service.VerbIgnore
		}
		d.Plan.Init.Rules[from] = rule
	}
	for _, s := range []proc.Signal{proc.TSTP, proc.TTIN, proc.TTOU} {
		rule := d.Plan.Init.Rules[s]
		rule.Suspend = true
		d.Plan.Init.Rules[s] = rule
	}
	if !single {
		d.Plan.Init.SignalOnMainExit = proc.TERM
		if to, rewritten := rewrites[proc.TERM]; rewritten {
			d.Plan.Init.SignalOnMainExit = to
		}
	}
}
