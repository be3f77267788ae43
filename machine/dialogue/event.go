package dialogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// form is how one type of event is written: its name, how many words stand before its
// fields, and its fields. pass takes an event of the type through f; with nil it makes one.
type form struct {
	name  string
	words int
	pass  func(f *fields, words []string, event machine.Event) (machine.Event, []string)
}

// of makes the form of an event that has nothing but fields.
func of[E machine.Event](name string, pass func(f *fields, e *E)) form {
	return ofWords(name, 0, func(f *fields, _ []string, e *E) []string { pass(f, e); return nil })
}

// ofWords makes the form of an event with words before its fields. pass gets them when it
// reads, and returns them when it writes.
func ofWords[E machine.Event](name string, count int, pass func(f *fields, words []string, e *E) []string) form {
	return form{name, count, func(f *fields, words []string, event machine.Event) (machine.Event, []string) {
		e, mine := event.(E)
		if !mine && event != nil {
			return nil, nil
		}
		words = pass(f, words, &e)
		return e, words
	}}
}

// forms are all events. They are made when they are needed: most runs have no trace.
func forms() []form {
	return []form{
		of("booted", func(*fields, *machine.Booted) {}),
		of("prepared", func(f *fields, e *machine.Prepared) { f.run(&e.Run) }),
		of("started", func(f *fields, e *machine.Started) { f.run(&e.Run); f.pid(&e.PID) }),
		of("start-failed", func(f *fields, e *machine.StartFailed) {
			f.run(&e.Run)
			f.count("status", &e.Status)
			f.flag("passing", &e.Passing)
			f.text("err", &e.Err)
		}),
		of("exited", exitedFields),
		of("emptied", func(f *fields, e *machine.Emptied) { f.run(&e.Run) }),
		of("escaped", func(f *fields, e *machine.Escaped) {
			f.run(&e.Run)
			f.text("names", &e.Names)
			f.flag("claimed", &e.Claimed)
		}),
		of("survived", func(*fields, *machine.Survived) {}),
		of("stray", strayFields),
		of("stray-ended", func(f *fields, e *machine.StrayEnded) { f.pid(&e.PID) }),
		of("probed", func(f *fields, e *machine.Probed) {
			f.run(&e.Run)
			f.number("seq", 0, e.Seq, func(n uint64) { e.Seq = n })
			f.text("err", &e.Err)
			f.text("output", &e.Output)
		}),
		of("outgrown", func(f *fields, e *machine.Outgrown) {
			f.run(&e.Run)
			f.number("bytes", 0, uint64(e.Bytes), func(n uint64) { e.Bytes = int64(n) })
		}),
		of("due", dueFields),
		of("hooked", hookedFields),
		ofWords("signalled", 2, signalledFields),
		of("notified", notifiedFields),
		of("connected", func(f *fields, e *machine.Connected) {
			f.count("count", &e.Count)
			f.text("unknown", &e.Unknown)
		}),
		ofWords("asked", 1, askedFields),
		of("files-changed", func(f *fields, e *machine.FilesChanged) {
			f.text("service", &e.Service)
			f.text("what", &e.What)
			f.flag("reload", &e.Reload)
		}),
		of("reloaded", func(*fields, *machine.Reloaded) {}), // the lines of its plan stand before it
		of("ticked", func(*fields, *machine.Ticked) {}),
	}
}

func hookedFields(f *fields, e *machine.Hooked) {
	f.run(&e.Run)
	f.number("seq", 0, e.Seq, func(n uint64) { e.Seq = n })
	f.text("err", &e.Err)
	if f.reads || e.Status != 0 {
		f.count("status", &e.Status)
	}
	f.text("output", &e.Output)
}

func exitedFields(f *fields, e *machine.Exited) {
	f.run(&e.Run)
	f.signal("signal", &e.Exit.Signal)
	f.flag("core", &e.Exit.Core)
	f.flag("oom", &e.Exit.OOM)
	if f.reads || e.Exit.Signal == 0 {
		f.count("status", &e.Exit.Code)
	}
	f.text("behind", &e.Behind)
	f.flag("stays", &e.Stays)
}

func signalledFields(f *fields, words []string, e *machine.Signalled) []string {
	if f.reads {
		f.keep(into(&e.Signal, proc.ParseSignal)(words[0]))
		f.keep(into(&e.Rule.Verb, parseVerb)(words[1]))
		_, e.Queued = f.from["value"]
	}
	f.signal("as", &e.Rule.Signal)
	f.list("to", &e.Rule.To)
	choice(f, "reach", &e.Rule.Reach, service.AsKillMode, service.WholeGroup, service.FirstProcess)
	f.flag("suspend", &e.Rule.Suspend)
	if f.reads || e.Queued {
		f.field("value", "", strconv.FormatUint(e.Value, 10), into(&e.Value, parseNumber))
	}
	f.text("from", &e.From)
	f.flag("typed", &e.Typed)
	return []string{e.Signal.String(), e.Rule.Verb.String()}
}

func parseVerb(name string) (service.Verb, error) {
	return named(name, []service.Verb{
		service.VerbForward, service.VerbStop, service.VerbIgnore, service.VerbSend, service.VerbRestart, service.VerbReload, service.VerbReopen,
	})
}

func askedFields(f *fields, words []string, e *machine.Asked) []string {
	if f.reads {
		f.keep(into(&e.Verb, parseAsk)(words[0]))
	}
	f.text("service", &e.Service)
	f.text("from", &e.From)
	f.signal("signal", &e.Signal)
	return []string{e.Verb.String()}
}

func parseAsk(name string) (machine.Ask, error) {
	return named(name, []machine.Ask{
		machine.AskShutdown, machine.AskStart, machine.AskStop, machine.AskRestart, machine.AskShutdownNow, machine.AskRun, machine.AskSignal,
	})
}

// FormatEvent writes the line that ParseEvent reads; of a reload the lines of its plan first.
func FormatEvent(at machine.Instant, event machine.Event) string {
	plan := ""
	if e, reloaded := event.(machine.Reloaded); reloaded {
		plan = FormatPlan(e.Plan, 0)
	}
	for _, form := range forms() {
		f := writing()
		if e, words := form.pass(f, nil, event); e != nil {
			return plan + strings.Join(append([]string{"at " + at.String(), form.name}, words...), " ") + f.line()
		}
	}
	return fmt.Sprintf("at %v %T", at, event)
}

// ParseEvent reads a line of FormatEvent. Without "at" the moment is -1.
func ParseEvent(line string) (at machine.Instant, event machine.Event, err error) {
	at = -1
	rest := line
	if after, ok := strings.CutPrefix(rest, "at "); ok {
		moment, behind, _ := strings.Cut(after, " ")
		if at, err = time.ParseDuration(moment); err != nil {
			return 0, nil, fmt.Errorf("%q: %w", line, err)
		}
		rest = behind
	}
	head, rest, _ := strings.Cut(rest, " ")
	for _, form := range forms() {
		if form.name != head {
			continue
		}
		words := make([]string, form.words)
		for i := range words {
			words[i], rest, _ = strings.Cut(rest, " ")
		}
		f, err := reading(rest)
		if err != nil {
			return 0, nil, fmt.Errorf("%q: %w", line, err)
		}
		event, _ = form.pass(f, words, nil)
		return at, event, f.done(line)
	}
	return 0, nil, fmt.Errorf("%q: no such event", line)
}

func notifiedFields(f *fields, e *machine.Notified) {
	f.run(&e.Run)
	f.flag("ready", &e.Ready)
	f.flag("reloading", &e.Reloading)
	f.flag("stopping", &e.Stopping)
	f.flag("has-status", &e.HasStatus)
	f.text("status", &e.Status)
	f.span("extend", &e.Extend, 0)
	f.flag("alive", &e.Alive)
	f.flag("trigger", &e.Trigger)
	f.flag("has-watchdog", &e.HasWatchdog)
	f.span("watchdog", &e.Watchdog, 0)
}

func dueFields(f *fields, e *machine.Due) {
	f.text("service", &e.Service)
	f.text("time", &e.At)
	f.count("missed", &e.Missed)
	f.flag("late", &e.Late)
}

func strayFields(f *fields, e *machine.Stray) {
	f.pid(&e.PID)
	f.text("command", &e.Command)
	f.text("service", &e.Service)
	f.flag("claimed", &e.Claimed)
	f.flag("outside", &e.Outside)
	f.flag("killed", &e.Killed)
}
