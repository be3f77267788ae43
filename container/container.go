// Package container owns the running plan. Load builds everything that a plan needs: its
// outputs, the way to start each service, the sockets that answer clients, the termination
// log, and the loop. The command line is cli's, and what happens next is the machine's.
package container

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sexton/control"
	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/kernel/procfs"
	"sexton/machine"
	"sexton/probe"
	"sexton/proc"
	"sexton/redact"
	"sexton/service"
	"sexton/watch"
)

// Options are what a container is loaded from.
type Options struct {
	Plan    service.Plan
	Kernel  pid1.Kernel         // it catches signals already
	Read    func() Fresh        // reads the files of the plan again; any goroutine may call it, one at a time. nil: there are none
	File    string              // the file of the plan, for clients; "": none
	Getenv  func(string) string // our own environment
	Version string

	Verbosity   int       // 0 as usual, -1 quiet, 1 verbose
	Trace       io.Writer // nil: none
	NameOrphans bool      // print each orphan that we reap
	Remarks     []string  // on the file, to be said first
	Zones       *Zones    // of schedules; nil: none was loaded
}

// Container is a plan that runs.
type Container struct {
	Options
	dir    string // the directory of services that name none
	output *output
	loop   *pid1.PID1

	editions editions
	secrets  redact.Set // of all services
	filled   sync.Map   // service.Run -> *service.Spec, until the start; see environment
	hidden   sync.Map   // service.Run -> *secrets, likewise
	keepers  sync.Map   // the name of a service -> service.Run, whose secrets are kept after the start

	watcher *watch.Watcher // of the loop; nil: no plan has had a service that watches files
	reloads atomic.Pointer[map[string]bool]
	reads   rereader
	control *control.Server // nil: there is none
}

// Load builds a container. Nothing is started before Run.
func Load(o Options) *Container {
	c := &Container{Options: o}
	plan := &c.Plan
	if !plan.Init.Heir {
		c.dir = WorkingDirectory()
	}
	c.output = newOutput(plan, o.Verbosity, o.Getenv)
	if !plan.Init.Lean {
		c.output.redact = c.secrets.Text
	}
	for _, note := range o.Remarks {
		c.output.Say(machine.Warn, "", "remark: "+note)
	}
	plan.Init.Mute = uint8(machine.Debug - c.output.level)
	name := ""
	if plan.Init.Heir {
		name = plan.Init.Main
	}
	scribe := newScribe(plan.Init.TerminationLog, plan.Init.Heir)
	var end func()
	config := pid1.Config{
		Plan: *plan, Owner: c, Kernel: o.Kernel, Output: c.output, Check: probe.Check, LookAt: probe.Look, Listen: listen, OpenNotify: openNotify, Footprints: procfs.Footprints, Outsider: outsider,
		Seed: Seed(), Trace: o.Trace, NameOrphan: c.nameOrphan(), NeedOrphans: true, Verbose: o.Verbosity > 0,
		Stopping:    scribe.stopping(),
		Ended:       scribe.ended(c.output, name, func() { end() }),
		Redact:      c.output.redact,
		MoreThreads: c.output.threads() + serveThreads(plan) + watchThreads(plan), Notify: notifier(plan, c.output, o.Getenv),
	}
	if o.Zones != nil {
		config.Zone = o.Zones.Load
	}
	if !plan.Init.Lean {
		config.ClockSet = kernel.WatchClock
	}
	c.loop = pid1.New(config)
	end = c.serve()
	c.watchWhenReserved()
	return c
}

// Run is the container's life. It returns the exit status.
func (c *Container) Run() (status int) { return c.loop.Run() }

// nameOrphan prints an orphan that was reaped, if somebody wants to know; nil: nobody does.
func (c *Container) nameOrphan() func(proc.Dead, string) {
	if !c.NameOrphans {
		return nil
	}
	return func(dead proc.Dead, name string) {
		c.output.Say(machine.Warn, "", fmt.Sprintf("reaped orphan %d (%s): %s", dead.PID, name, dead.Exit))
	}
}

// WorkingDirectory is ours, for services that name none.
func WorkingDirectory() string {
	dir, err := os.Getwd()
	if err != nil {
		return "/"
	}
	return dir
}

// listen takes what an attempt of an exec probe writes.
func listen() (pid1.Listener, error) { return probe.NewOutput() }

// Seed is different for each start, so that a hundred containers do not restart in step.
func Seed() uint64 { return uint64(time.Now().UnixNano()) ^ uint64(os.Getpid())<<48 }
