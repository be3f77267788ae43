// Package machine decides. It is a pure state machine: Step takes what has
// happened and returns what is to be done, and nothing else goes in or out. It
// has no clock, no goroutine, no process numbers as identity and no I/O, so that any run
// can be written as a dialogue and replayed.
//
// # States and targets
//
// Each service is one unit with a state (service.State) and a target: wanted up
// or not. One table (table.go) says what each event means for a unit in each state. After
// each step the machine settles (settle.go): it goes over the
// units in the order of their needs and works out from scratch which may start
// and which may stop. Counts are computed, never kept.
//
// # Runs
//
// Each start gets a fresh service.Run. Every event, deadline and probe carries
// its run, and news of a run that is not its unit's present one is dropped in
// one place (Step). So late timers, late answers of probes and reused process numbers
// are all the same harmless case.
//
// # The end
//
// A shutdown (shutdown.go) has a cause: a request, the end of main, or a
// failure for good. Units stop in reverse order, each by its ladder, in a
// share of the grace. Then all other processes of the namespace are swept, and the machine
// says Leave and is over.
package machine

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sexton/proc"
	"sexton/service"
)

// Instant is a moment: the time since we were started, on a clock that is never
// set (CLOCK_MONOTONIC).
type Instant = time.Duration

// never is the deadline of what has none.
const never Instant = 1<<63 - 1

// spawningMax is how many starts may be on their way at once. A thousand
// services are started in small portions, so that signals are handled in between.
const spawningMax = 8

// Machine is the whole state. Its methods are for one goroutine. New makes it.
type Machine struct {
	plan  service.Plan
	graph *service.Graph
	units []*unit
	names map[string]*unit
	runs  map[service.Run]*unit // the live ones
	last  service.Run           // the last number given out
	dice  *rand.Rand

	now     Instant
	actions []Action
	moved   []service.Change // by this step

	booted      bool
	reloads     uint64 // how many there were
	everReady   bool   // all services were ready at one moment
	notReady    int    // a unit that was not ready when noteReady looked last
	addresses   string
	unruledSaid uint64 // signals without a rule that were spoken of: bit N-1 for signal N
	over        bool
	status      int
	shutdown    shutdown
}

// New makes the machine for a plan whose names are unique and whose needs have
// no cycle (config sees to both). Seed feeds the jitter of restarts.
func New(plan service.Plan, seed uint64) *Machine {
	m := &Machine{
		plan:  plan,
		graph: service.NewGraph(plan.Services),
		units: make([]*unit, len(plan.Services)),
		names: make(map[string]*unit, len(plan.Services)),
		runs:  make(map[service.Run]*unit, len(plan.Services)),
		dice:  rand.New(rand.NewPCG(seed, seed)),

		addresses: addresses(plan.Services),
	}
	for i := range plan.Services {
		m.units[i] = newUnit(&m.plan.Services[i], i)
		m.names[plan.Services[i].Name] = m.units[i]
	}
	for _, u := range m.units {
		m.linkNeeds(u)
	}
	m.shutdown.deadline, m.shutdown.killAt, m.shutdown.warnAt = never, never, never
	return m
}

// Step takes one event that happened at now, and returns the actions for the loop, in
// order. It is the only way in and the only way out. The slice is valid until
// the next Step. Time must not run backwards; an earlier now counts as the
// last one.
func (m *Machine) Step(now Instant, event Event) []Action {
	m.now = max(m.now, now)
	m.actions, m.moved = m.actions[:0], m.moved[:0]
	if m.over {
		return nil
	}
	switch e := event.(type) {
	case Booted:
		m.boot()
	case Prepared:
		m.toRun(e.Run, kindPrepared, event)
	case Started:
		m.toRun(e.Run, kindStarted, event)
	case StartFailed:
		m.toRun(e.Run, kindStartFailed, event)
	case Exited:
		m.toRun(e.Run, kindExited, event)
	case Emptied:
		m.emptied(e)
	case Escaped:
		m.escaped(e)
	case Survived:
		m.shutdown.killed = m.shutdown.killed || m.shutdown.phase == sweepingHard
	case Stray:
		m.stray(e)
	case StrayEnded:
		m.strayEnded(e)
	case Hooked:
		m.hooked(e)
	case Probed:
		m.probed(e)
	case Outgrown:
		if u := m.runs[e.Run]; u != nil && m.keeping() {
			u.take(m, kindOutgrown, e)
		}
	case Due:
		m.due(e)
	case Notified:
		m.notified(e)
	case Signalled:
		m.signalled(e)
	case Connected:
		m.connected(e)
	case Asked:
		m.asked(e)
	case FilesChanged:
		m.filesChanged(e)
	case Reloaded:
		m.reloaded(e)
	case Ticked:
		m.ticked()
	default:
		panic(fmt.Sprintf("no step for the event %T", event))
	}
	m.settle()
	return m.actions
}

// Next is the earliest deadline. ok is false when there is none.
func (m *Machine) Next() (at Instant, ok bool) {
	if m.over {
		return 0, false
	}
	at = m.shutdown.deadline
	if m.shutdown.phase == stoppingUnits && !m.shutdown.late {
		at = min(at, m.shutdown.killAt, m.shutdown.warnAt)
	}
	for i := range m.units {
		at = min(at, m.units[i].deadline, m.units[i].watchdogAt, m.units[i].probe.next())
	}
	return at, at != never
}

// Over tells whether Leave has been said.
func (m *Machine) Over() bool { return m.over }

// ExitStatus is the container's, once the machine is over.
func (m *Machine) ExitStatus() int { return m.status }

// LeaveBy is the moment by which we must be gone, output written and all.
// ok is false when there is no such moment.
func (m *Machine) LeaveBy() (at Instant, ok bool) {
	if m.plan.Init.Grace <= 0 || m.plan.Init.GraceMeans == service.KillAfter || m.shutdown.phase == running {
		return 0, false
	}
	return m.shutdown.at + m.plan.Init.Grace, true
}

// Report is how everything is now.
func (m *Machine) Report() service.Report {
	r := service.Report{
		At: m.now, Services: make([]service.Status, len(m.units)), Groups: m.plan.Groups,
		Ready: m.ready(), Draining: m.shutdown.phase == draining, Stopping: m.shutdown.phase != running,
	}
	for i := range m.units {
		r.Services[i] = m.units[i].report(m)
	}
	return r
}

// Readiness is a short Report, about the container as a whole.
type Readiness struct {
	Ready, Stopping bool
	Good, All       int // how many services do not keep the container from being ready, and how many there are
}

// Readiness is how the container is now.
func (m *Machine) Readiness() Readiness {
	r := Readiness{Ready: m.ready(), Stopping: m.shutdown.phase != running, All: len(m.units)}
	for i := range m.units {
		if m.units[i].holdsNobody() && m.booted {
			r.Good++
		}
	}
	return r
}

func (m *Machine) boot() {
	if m.booted {
		return
	}
	m.booted = true
	for i := range m.units {
		if m.units[i].spec.Start == service.AtBoot {
			m.units[i].wantUp(m)
		}
	}
}

// toRun hands an event to the unit whose present run it is about. News of any
// other run is old and dropped here, and only here.
func (m *Machine) toRun(run service.Run, kind eventKind, event Event) {
	if u := m.runs[run]; u != nil {
		u.take(m, kind, event)
	}
}

// emptied: the processes of a run, or with Run zero all processes that were left, are gone.
func (m *Machine) emptied(e Emptied) {
	if e.Run == 0 {
		m.swept()
		return
	}
	m.toRun(e.Run, kindEmptied, e)
}

// ticked fires what is due, units in the order of the file.
func (m *Machine) ticked() {
	m.tickShutdown()
	for i := range m.units {
		u := m.units[i]
		if u.deadline <= m.now {
			u.deadline = never
			u.take(m, kindTicked, Ticked{})
		}
		u.tickProbe(m)
		u.tickWatchdog(m)
	}
}

func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

// main is the unit of [init] main, or nil.
func (m *Machine) main() *unit { return m.named(m.plan.Init.Main) }

// signalRun sends sig to the run of u, if there is one that has a process. A run whose start
// is not known yet (unless one of its hooks runs) gets it later (lateStart), and must not get it twice.
func (m *Machine) signalRun(u *unit, sig proc.Signal, scope proc.Scope) {
	if u.run != 0 && (!u.spawning || u.hook.busy) && !u.spec.External {
		m.do(Signal{Run: u.run, Service: u.spec.Name, Signal: sig, Scope: scope})
	}
}

// askToEnd asks a run to end, as far as u.reach goes. CONT goes with the signal, because a stopped
// process (SIGSTOP, Ctrl-Z) receives the signal only when it is continued. CONT comes second,
// but before a signal that stops: a CONT would discard that while it is pending (signal(7)).
func (m *Machine) askToEnd(u *unit, sig proc.Signal) {
	u.lastSignal = sig
	if u.reach == proc.Single {
		m.askOneToEnd(u, sig)
		return
	}
	switch {
	case sig == proc.KILL || sig == proc.CONT:
		m.signalRun(u, sig, u.reach)
	case sig.Stops():
		m.signalRun(u, proc.CONT, proc.Group)
		m.signalRun(u, sig, u.reach)
	default:
		m.signalRun(u, sig, u.reach)
		m.signalRun(u, proc.CONT, proc.Group)
	}
}

// askOneToEnd is the same for a service whose first process alone gets the signals, or its
// before_start: see Signal.
func (m *Machine) askOneToEnd(u *unit, sig proc.Signal) {
	reach := proc.Single
	if u.spawning {
		reach = proc.Tree
	}
	if sig.Stops() {
		m.signalRun(u, proc.CONT, proc.Single)
	}
	m.signalRun(u, sig, reach)
	if sig != proc.KILL && sig != proc.CONT && !sig.Stops() {
		m.signalRun(u, proc.CONT, proc.Single)
	}
}
