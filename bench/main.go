// Bench compares sexton with the inits and supervisors that are installed here.
//
//	go run ./bench [-only WORD,...] [-sexton PATH] [-before PATH] [-n RUNS] [-o FILE] [-quick]
//
// Each program runs as PID 1 of a PID and mount namespace of its own, in turn
// with the others and in one run, so that what disturbs one disturbs all. The
// tables are medians. A missed target is reported and does not change the exit status.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A section measures one thing and adds its table to the document.
type section struct {
	word  string // for -only
	title string
	run   func(*bench, *document) error
	boxed bool // cannot be measured without namespaces
}

var sections = []section{
	{"start", "Start-up of one command", measureStart, false},
	{"signal", "Signal latency", measureSignals, true},
	{"storm", "A storm of orphans", measureStorm, true},
	{"memory", "Memory with one idle child", measureMemory, true},
	{"idle", "Idle", measureIdle, true},
	{"services", "Services", measureServices, true},
	{"stops", "Stopping", measureStops, true},
	{"rolling", "A rolling restart under load", measureRolling, true},
	{"health", "The health port under load", measureHealth, true},
	{"output", "Output of one busy service", measureOutput, true},
	{"fair", "200 services writing at once", measureFairness, true},
	{"size", "Size of the binaries", measureSize, false},
}

func main() {
	runtime.LockOSThread() // see Pdeathsig in life.go
	if verb, ok := hiddenVerb(os.Args); ok {
		os.Exit(verb())
	}
	o, err := parse(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(64)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	only    []section
	sexton  string
	before  string // an older sexton, or ""
	runs    int
	out     string // "-" is stdout
	quick   bool
	worker  string // auto, c or go
	command string // the command line, for the document
}

func parse(args []string) (options, error) {
	var words []string
	for _, s := range sections {
		words = append(words, s.word)
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := f.String("only", "", "measure these `words` only: "+strings.Join(words, ","))
	o := options{command: strings.Join(append([]string{"go run ./bench"}, args...), " ")}
	f.StringVar(&o.sexton, "sexton", "./sexton", "the sexton `binary`; left out of the tables if it is not there")
	f.StringVar(&o.before, "before", "", "another sexton `binary`, measured beside the first in the sections that compare programs")
	f.IntVar(&o.runs, "n", 200, "`runs` of one command; n x 10 signals, n / 40 boots and bursts")
	f.StringVar(&o.out, "o", "", "write the tables to `file`; - is stdout (default docs/bench.md, but stdout with -only or -quick)")
	f.BoolVar(&o.quick, "quick", false, "a fifth of the runs, a tenth of the work, no 1000 services")
	f.StringVar(&o.worker, "worker", "auto", "the helper programs in `c`, go, or auto: C where there is a compiler")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.runs < 1 {
		return o, fmt.Errorf("-n = %d: must be at least 1", o.runs)
	}
	if o.quick {
		o.runs = max(1, o.runs/5)
	}
	if o.out == "" {
		o.out = "docs/bench.md"
		if *only != "" || o.quick {
			o.out = "-"
		}
	}
	var err error
	o.only, err = choose(*only, words)
	return o, err
}

// choose returns the sections that the words name, in our order; all for none.
func choose(only string, words []string) ([]section, error) {
	if only == "" {
		return sections, nil
	}
	wanted := map[string]bool{}
	for w := range strings.SplitSeq(only, ",") {
		wanted[w] = true
	}
	var chosen []section
	for _, s := range sections {
		if wanted[s.word] {
			chosen = append(chosen, s)
			delete(wanted, s.word)
		}
	}
	for w := range wanted {
		return nil, fmt.Errorf("-only %s: no such measurement; there are: %s", w, strings.Join(words, ", "))
	}
	return chosen, nil
}

func run(o options) error {
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	go func() {
		<-interrupted
		b.close() // what still runs gets KILL when we end: Pdeathsig
		os.Exit(130)
	}()

	d := &document{}
	for _, s := range o.only {
		d.heading(s.title)
		if s.boxed && b.noBox != nil {
			d.say("Skipped: %v.", b.noBox)
			continue
		}
		progress("%s", s.title)
		if err := s.run(b, d); err != nil {
			d.say("Cannot measure: %s.", b.clean(err.Error()))
			progress("%s: %v", s.word, err)
		}
	}
	return d.write(o.out, b.preface(o))
}

// progress tells the one who waits what is going on.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
