package container

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"sexton/callers"
	"sexton/control"
	"sexton/health"
	pid1 "sexton/init"
	"sexton/kernel/procfs"
	"sexton/machine"
	"sexton/paths"
	"sexton/proc"
	"sexton/service"
	"sexton/verbs"
)

// serve opens what others can ask by, and answers there beside the loop. The
// caller calls what it returns at the end. With one command nothing is opened.
// sexton reports what it cannot open, and the services run anyway.
func (c *Container) serve() (end func()) {
	plan, p, o := &c.Plan, c.loop, c.output
	if plan.Init.Lean {
		return func() {}
	}
	gate := new(callers.Gate)
	memory := func(leaders []int) (bytes map[int]int64) {
		gate.Do(func() { bytes = procfs.MemoryOf(leaders) })
		return bytes
	}
	endControl := c.serveControl(gate, memory)
	endHealth := serveHealth(plan, c.Version, p, o, memory)
	return func() {
		endHealth()
		endControl()
	}
}

// serveThreads is how many threads serve may need at once: one that accepts for
// each listener, one at the gate for control callers and looks at /proc, one at the gate
// of probes, and one that reads the files again.
func serveThreads(plan *service.Plan) int {
	if plan.Init.Lean {
		return 0
	}
	n := 1
	if !plan.Control.Off {
		n++
		if inShared(plan.Control.Socket) {
			n++ // which looks after it, and the file system may hang
		}
	}
	if plan.Health.Listen != "" {
		n += 2
	}
	if n > 1 {
		n++
	}
	return n
}

// inShared tells whether a socket is to be where others can replace it.
func inShared(socket string) bool {
	if socket == "" {
		return false
	}
	place, err := paths.Find(socket)
	if err != nil {
		return false
	}
	defer place.Close()
	return place.Shared != nil
}

func (c *Container) serveControl(gate *callers.Gate, memory func([]int) map[int]int64) (end func()) {
	plan, p, o := &c.Plan, c.loop, c.output
	if plan.Control.Off {
		return func() {}
	}
	server, note, err := control.Open(plan.Control.Socket, fs.FileMode(plan.Control.Mode))
	if err != nil {
		o.Say(machine.Warn, "", "no control socket: sexton status and health cannot reach sexton; the services run anyway: "+
			strings.ReplaceAll(err.Error(), "\n", "; "))
		return func() {}
	}
	server.Loop, server.Gate, server.Allow, server.Memory = p, gate, plan.Control.AllowUIDs, memory
	server.Recent, server.Output, server.File = o.mux.Recent, o.accounts, c.File
	server.Read = plan.Control.ReadUIDs
	server.Program = func(pid int) string { return proc.Visible(new(procfs.View).NameOf(proc.PID(pid))) }
	server.Tap, server.Carries, server.Follow = o.tap, o.carries(plan), func(ctx context.Context) (verbs.Feed, error) { return p.Follow(ctx) }
	if c.Read != nil {
		server.Reload = c.Reload
	}
	server.Moved = func(words string) { o.Say(machine.Warn, "", words) }
	if note != "" {
		o.Say(machine.Warn, "", fmt.Sprintf("the control socket is at %s: %s", server.Path(), note))
	}
	c.control = server
	go server.Serve()
	return server.Close
}

func serveHealth(plan *service.Plan, version string, p *pid1.PID1, o *output, memory func([]int) map[int]int64) (end func()) {
	if plan.Health.Listen == "" {
		return func() {}
	}
	server, err := health.Listen(plan.Health.Listen)
	if err != nil {
		o.Say(machine.Error, "", fmt.Sprintf("cannot answer /livez, /readyz and /metrics: [health] listen: %v; the services run anyway", err))
		return func() {}
	}
	server.Loop, server.Gate, server.Version, server.Memory, server.Output = p, new(callers.Gate), version, memory, o.accounts
	go server.Serve()
	return server.Close
}

// accounts are what became of the services' output, for status and metrics.
func (o *output) accounts() []service.Output {
	var all []service.Output
	for _, a := range o.mux.Accounts() {
		all = append(all, service.Output{
			Service: a.Service, Stream: a.Stream,
			LinesIn: a.In.Lines, LinesOut: a.Out.Lines, LinesDropped: a.Dropped.Lines,
			BytesIn: a.In.Bytes, BytesOut: a.Out.Bytes, BytesDropped: a.Dropped.Bytes,
		})
	}
	return all
}

// tap follows the output of services for a client.
func (o *output) tap(services []string) ([]service.Piece, verbs.Tap) {
	t := o.mux.Tap(services)
	return t.Backlog, t
}

// carries says for clients why there is no output of a service to follow. It is asked beside the loop,
// and so it knows the first plan alone: a service that has come since is passed over.
func (o *output) carries(plan *service.Plan) func(name string) (why string) {
	silent := make(map[string]string)
	for i := range plan.Services {
		s := &plan.Services[i]
		if _, inherits := o.log(s); inherits && len(s.Log.Tail) == 0 {
			silent[s.Name] = `its output does not pass through sexton (format = "inherit")`
		} else if s.Log.Recent == 0 {
			silent[s.Name] = "its output is not kept in memory (log.recent is 0), only what comes from now on"
		}
	}
	return func(name string) string { return silent[name] }
}
