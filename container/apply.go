package container

import (
	"errors"
	"reflect"
	"sync"

	"sexton/machine"
	"sexton/service"
)

// Apply gives the container another plan, and returns at once: the machine decides what
// becomes of it, and ignores it when the end has begun. Any goroutine may call it.
//
// What surrounds the services stays as Load has made it: the sockets of [control] and
// [health], the termination log, and how our own lines look.
//
// adopted tells whether it is the running plan now, as pid1.PID1.Reload does.
func (c *Container) Apply(next service.Plan) (adopted <-chan bool, err error) {
	if c.Plan.Init.Lean {
		return nil, errors.New("there is no plan to change: one command runs, or none")
	}
	next.Init.Mute = uint8(machine.Debug - c.output.level)
	c.editions.mu.Lock() // until the loop has it, so that two plans come in their order
	defer c.editions.mu.Unlock()
	c.editions.give(&c.Plan, &next)
	c.editions.newest = &next
	return c.loop.Reload(next), nil
}

// Adopt is pid1.Owner's.
func (c *Container) Adopt(plan *service.Plan) (moreThreads int) {
	names := c.output.adopt(plan)
	if c.control != nil {
		c.control.SetAllow(plan.Control.AllowUIDs, plan.Control.ReadUIDs)
	}
	c.output.mux.SetNames(names, len(names) > 0)
	c.watchFiles(plan)
	return c.output.threads() + serveThreads(&c.Plan) + watchThreads(plan)
}

// Forget is pid1.Owner's.
func (c *Container) Forget(name string) {
	c.output.forget(name)
	c.editions.forget(name)
	c.secrets.Forget(name)
	c.dropSecrets(name)
}

// editions counts for each service the changes for which it must be started again.
type editions struct {
	mu     sync.Mutex
	newest *service.Plan      // that was applied; nil: none was
	known  map[string]edition // nil: no plan has been applied
}

// edition is a service as it was planned last.
type edition struct {
	spec    service.Spec
	main    bool // it is [init] main, and so has our stdin
	read    bool // another service reads its stdout
	planned bool // it is in the newest plan
}

// give writes the editions into a plan. The caller holds e.mu.
func (e *editions) give(first, next *service.Plan) {
	if e.known == nil {
		e.known = make(map[string]edition)
		e.note(first)
	}
	now := editionsOf(next)
	for i := range next.Services {
		spec := &next.Services[i]
		was, known := e.known[spec.Name]
		if spec.Edition = was.spec.Edition; known && now[spec.Name].needsNewRun(&was) {
			spec.Edition++
		}
	}
	e.note(next)
}

// note remembers a plan as the newest one.
func (e *editions) note(plan *service.Plan) {
	for name, was := range e.known {
		was.planned = false
		e.known[name] = was
	}
	for name, now := range editionsOf(plan) {
		e.known[name] = now
	}
}

// forget drops a service of which nothing runs any more.
func (e *editions) forget(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.known[name].planned {
		delete(e.known, name)
	}
}

func editionsOf(plan *service.Plan) map[string]edition {
	all := make(map[string]edition, len(plan.Services))
	for _, spec := range plan.Services {
		all[spec.Name] = edition{spec: spec, main: spec.Name == plan.Init.Main, planned: true}
	}
	for _, spec := range plan.Services {
		if writer, planned := all[spec.StdinFrom]; planned {
			writer.read = true
			all[spec.StdinFrom] = writer
		}
	}
	return all
}

// needsNewRun tells whether a run of was cannot serve as one of e. What the machine alone
// decides by applies at once, to the present run too.
func (e edition) needsNewRun(was *edition) bool {
	return e.main != was.main || e.read != was.read || !reflect.DeepEqual(ofRun(e.spec), ofRun(was.spec))
}

// ofRun is what of a spec a run has been started with.
func ofRun(s service.Spec) service.Spec {
	s.Edition = 0
	s.Needs, s.Wants, s.After, s.RestartWith, s.Start = nil, nil, nil, nil, 0
	s.Restart, s.Backoff, s.GiveUp, s.OKCodes, s.ShutdownOn = 0, service.Backoff{}, service.GiveUp{}, nil, 0
	s.Stop, s.Signals, s.Single, s.MaxMemory, s.KillMode = nil, nil, false, 0, 0
	if s.Scheduled() {
		s.Schedule = service.Schedule{Cron: "some"}
	}
	s.Watch, s.Reload = service.Watch{}, 0
	return s
}
