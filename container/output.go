package container

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/kernel/entry"
	"sexton/kernel/users"
	"sexton/machine"
	"sexton/paths"
	"sexton/proc"
	"sexton/service"
	"sexton/stdio"
)

// output is pid1.Output over stdio.
type output struct {
	mux      *stdio.Mux
	used     bool
	level    machine.Level
	json     bool // our own lines are JSON
	services []service.Spec
	tailed   map[string]bool              // services with log files that are followed
	carried  map[string]bool              // services of whose output we have carried some
	readers  map[string]string            // who reads the stdout of a service, by the writer's name
	held     map[service.Run]*stdio.Pipes // our copies of the terminals of runs, until they end
	placed   bool                         // stdio knows how many files may hang
	redact   func(string) string          // takes secrets out of our own lines; nil: there are none
	reserved func(lacking int)            // to be called when the threads are there; nil: nobody waits for that
	terminal func() bool                  // our stdin and stdout were a terminal when somebody first asked: a hung-up one does not say so any more
}

func newOutput(plan *service.Plan, verbosity int, getenv func(string) string) *output {
	o := &output{level: machine.Info, carried: make(map[string]bool), held: make(map[service.Run]*stdio.Pipes)}
	o.terminal = sync.OnceValue(func() bool { return kernel.IsTerminal(0) && kernel.IsTerminal(1) })
	if plan.Init.Lean {
		o.level = machine.Warn
	}
	switch {
	case verbosity < 0:
		o.level = machine.Error
	case verbosity > 0:
		o.level = machine.Debug
	}
	names := o.adopt(plan)
	o.json = plan.Log.Format == service.JSON
	o.mux = stdio.New(stdio.Options{
		Out: 1, Err: 2, Names: names, ColorOut: stdio.Color(1, plan.Color, getenv), ColorErr: stdio.Color(2, plan.Color, getenv),
		Level: stdio.Verbose, Self: "sexton", Prefixed: len(names) > 0,
		JSON: o.json, Timestamps: plan.Log.Timestamps, Clock: time.Now, Owner: owner,
		KeepThread: entry.KeepThread, FreeThread: entry.FreeThread,
	})
	return o
}

// adopt takes the services of a plan. It returns those whose output we carry, for stdio.
func (o *output) adopt(plan *service.Plan) (names []string) {
	o.services, o.readers = plan.Services, make(map[string]string)
	for i := range o.services {
		s := &o.services[i]
		if s.StdinFrom != "" {
			o.readers[s.StdinFrom] = s.Name
		}
		if _, inherits := o.log(s); !inherits {
			names = append(names, s.Name)
		}
	}
	return names
}

// log chooses where output of a service goes: with one service its descriptors are ours and
// nothing stands in between; with several each line gets its name; and the file may say
// otherwise for each.
func (o *output) log(s *service.Spec) (log service.Log, inherits bool) {
	log = s.Log
	away := log.Away()
	switch {
	case log.Format != service.AutoFormat || len(o.services) > 1:
	case away, s.PTY:
		log.Format = service.Raw
	default:
		log.Format = service.Inherit
	}
	// A service with the terminal must have all of it.
	return log, !away && (log.Format == service.Inherit || s.TTY && o.terminal())
}

// forget drops what is kept of a service that is gone for good.
func (o *output) forget(name string) {
	if o.carried[name] || o.used {
		o.mux.Forget(name)
	}
	delete(o.carried, name)
	delete(o.tailed, name)
}

// threads is how many threads output may hold up at once besides those of our
// own two descriptors and the one that reads the pipes: one for each file and
// each syslog, up to a bound, one that compresses, and those that read what never
// waits.
func (o *output) threads() int {
	n := o.places()
	if n > 0 {
		n++
	}
	if o.tails() {
		n++
	}
	for i := range o.services {
		if o.services[i].Log.Overflow != service.Block {
			return n + stdio.Pumps
		}
	}
	return n
}

// places is how many files and syslogs may hang at once.
func (o *output) places() int {
	places := make(map[string]bool)
	for i := range o.services {
		for _, to := range o.services[i].Log.Destinations() {
			for _, place := range []string{to.File.Path, to.Syslog} {
				if place != "" {
					places[place] = true
				}
			}
		}
	}
	return stdio.PlacesFor(len(places))
}

// Lack is pid1.Output's. The places for files stay as many as at the first plan that has some:
// system calls may be on their way in them.
func (o *output) Lack(threads int) {
	if o.reserved != nil {
		o.reserved(threads)
		o.reserved = nil
	}
	if n := o.places(); n > 0 && !o.placed {
		o.placed = true
		o.mux.Places(n - threads)
	}
}

// owner finds the numbers of a log file's owner.
func owner(user, group string) (uid, gid int, err error) {
	who, err := users.Lookup(user, os.Getegid())
	if err == nil && group != "" {
		who.GID, err = users.LookupGroup(group)
	}
	return who.UID, who.GID, err
}

// Open is pid1.Output's.
func (o *output) Open(spec *service.Spec, run service.Run, files [3]int) (full [3]int, started func(proc.PID), err error) {
	name := spec.Name
	var close closers
	defer func() {
		if err != nil {
			close.all()
		}
	}()
	if files[0], err = o.stdin(spec, files[0], &close); err != nil {
		return files, nil, err
	}
	reader := o.readers[name]
	if reader != "" {
		if files[1], err = o.mux.PipelineOut(name); err != nil {
			return files, nil, err
		}
		o.used = true
	}
	log, inherits := o.log(spec)
	tailed := o.tail(spec, run, log)
	if inherits {
		if spec.Log.OneStream {
			files[2] = files[1]
		}
		return files, func(pid proc.PID) { tailed(pid); close.all() }, nil
	}
	o.used, o.carried[name] = true, true
	pipes, err := o.mux.Open(stdio.Source{Service: name, Run: run, Log: log, ErrOnly: reader != "", Terminal: spec.PTY})
	if err != nil {
		return files, nil, err
	}
	if spec.PTY {
		// Otherwise a program that closes its terminal descriptors gets SIGHUP and dies.
		o.held[run] = pipes
	} else {
		close = append(close, pipes.Close)
	}
	if spec.PTY && spec.Stdin+spec.StdinFrom == "" {
		files[0] = pipes.Out
	}
	if reader == "" {
		files[1] = pipes.Out
	}
	files[2] = pipes.Err
	return files, func(pid proc.PID) {
		pipes.Started(int(pid))
		tailed(pid)
		close.all()
	}, nil
}

// Died is pid1.Output's.
func (o *output) Died(name string) {
	if o.carried[name] {
		o.mux.Died(name)
	}
}

// Ended is pid1.Output's.
func (o *output) Ended(run service.Run) {
	if pipes := o.held[run]; pipes != nil {
		pipes.Close()
		delete(o.held, run)
	}
}

// stdin is what a service reads: what it has where the file says nothing is
// usual.
func (o *output) stdin(spec *service.Spec, usual int, close *closers) (int, error) {
	switch {
	case spec.StdinFrom != "":
		return o.mux.PipelineIn(spec.StdinFrom)
	case spec.Stdin == "":
		return usual, nil
	case spec.Stdin == "null":
		return -1, nil
	case spec.Stdin == "inherit":
		return 0, nil
	}
	fd, err := openStdin(spec.Stdin)
	if err != nil {
		return -1, fmt.Errorf("cannot open its stdin %s: %w", spec.Stdin, err)
	}
	*close = append(*close, func() { _ = unix.Close(fd) })
	if !spec.TTY && kernel.IsOurTerminal(fd) {
		return -1, fmt.Errorf("cannot take %s as its stdin: it is the container's terminal, and another service would lose the input that this one reads; write tty = true if this service should have the terminal", spec.Stdin)
	}
	return fd, nil
}

// openStdin opens a file to be read, blocking. It does not wait: opening is
// non-blocking, or a FIFO that nobody writes to would hold up the loop. A FIFO is
// opened to write as well, where that is allowed: else who reads it would see its
// end before the first writer has come, and whenever the last has gone (fifo(7)).
func openStdin(path string) (int, error) {
	place, err := paths.Find(path)
	if err != nil {
		return -1, err
	}
	defer place.Close()
	place.FIFO = true // nothing of root's is in one
	fd, s, err := place.Open(unix.O_RDONLY)
	if err != nil {
		return -1, err
	}
	if s.Mode&unix.S_IFMT == unix.S_IFIFO {
		place.Owner = int(s.Uid)
		if both, again, err := place.Open(unix.O_RDWR); err == nil && again.Dev == s.Dev && again.Ino == s.Ino {
			_ = unix.Close(fd)
			fd = both
		} else if err == nil {
			_ = unix.Close(both)
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// closers close what was opened for a child.
type closers []func()

func (c *closers) all() {
	for _, close := range *c {
		close()
	}
	*c = nil
}

func (o *output) Reopen() { o.mux.Reopen() }

func (o *output) Resize() { o.mux.Resize() }

// Break is pid1.Output's.
func (o *output) Break(writer string) {
	if n := o.mux.Break(writer); n > 0 {
		o.Say(machine.Warn, writer, fmt.Sprintf("%d bytes of its stdout were not read by %s", n, o.readers[writer]))
	}
}

func (o *output) ClosePipeline(writer string) { o.mux.ClosePipeline(writer) }

// levels are the machine's in the words of stdio, which knows no machine.
var levels = [...]stdio.Level{machine.Error: stdio.Errors, machine.Warn: stdio.Warnings, machine.Info: stdio.Normal, machine.Debug: stdio.Verbose}

func (o *output) Say(level machine.Level, name, text string) {
	if level <= o.level {
		o.used = true
		if o.redact != nil {
			text = o.redact(text)
		}
		o.mux.Say(levels[level], name, text)
	}
}

// Sum is pid1.Output's: one line for people, or one object for programs.
func (o *output) Sum(s service.Summary) {
	if machine.Info > o.level {
		return
	}
	if o.json {
		o.used = true
		o.mux.SayObject(stdio.Normal, summaryObject(s))
		return
	}
	if text := s.Text(); text != "" {
		o.used = true
		o.mux.Say(stdio.Normal, "", "summary: "+text)
	}
}

// recent are the last lines of a service, as far as they came through us.
func (o *output) recent(name string, n int) [][]byte { return o.mux.Recent(name, n) }

// Flush is pid1.Output's.
func (o *output) Flush(stalled, most time.Duration, last func()) {
	if o.used {
		o.flushServices(stalled*8/10, most*8/10)
	}
	last()
	if o.used {
		o.mux.FlushOwn(stalled / 10)
	}
}

// flushServices writes out what the services wrote, and reports what was lost.
func (o *output) flushServices(stalled, most time.Duration) {
	for run := range o.held { // it is over, or beyond us
		o.Ended(run)
	}
	for _, left := range o.mux.Flush(stalled, most) {
		if words := o.lossWords(left); words != "" {
			level := stdio.Errors
			if left.Lost() == 0 {
				level = stdio.Warnings
			}
			o.mux.Say(level, left.Service, words)
		}
	}
	if o.level < machine.Debug {
		return
	}
	for _, a := range o.mux.Accounts() {
		if a.In.Bytes > 0 {
			o.mux.Say(stdio.Verbose, a.Service, fmt.Sprintf("its %s: %s came in, %s went out, %s dropped", a.Stream, a.In, a.Out, a.Dropped))
		}
	}
}

// lossWords says what of an output was not written, and why.
func (o *output) lossWords(left stdio.Leftover) string {
	lost := left.Lost()
	switch {
	case left.Piped:
		return fmt.Sprintf("%d bytes of its stdout were not read by %s", left.Unread, o.readers[left.Service])
	case lost > 0 && left.Pending.Bytes+left.Unread == 0:
		return fmt.Sprintf("%d bytes of its %s were not written, as reported before", lost, left.Stream)
	case lost > 0: // a part of the write that hangs may have got through
		return fmt.Sprintf("up to %d bytes of its %s were not written: nobody read them in time", lost, left.Stream)
	case left.Held:
		return fmt.Sprintf("a process still has its %s open; what it writes from now on is lost", left.Stream)
	}
	return ""
}

var _ pid1.Output = (*output)(nil)
