package machine

import (
	"testing"
	"time"

	"sexton/proc"
	"sexton/service"
)

// runningMachine makes a machine whose only service has been up since 5s, at 10s.
func runningMachine() (*Machine, *unit) {
	web := service.Spec{Name: "web", Stop: []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}}, OKCodes: []int{0}}
	m := New(service.Plan{Init: service.Init{Grace: 10 * time.Second}, Services: []service.Spec{web}}, 1)
	m.Step(5*time.Second, Booted{})
	m.Step(5*time.Second, Started{Run: 1, PID: 7})
	m.Step(10*time.Second, Ticked{})
	return m, m.named("web")
}

// stopping turns the unit into one that stops.
func stopping(u *unit) { u.state, u.lastSignal, u.deadline = service.Stopping, proc.TERM, time.Minute }

// starting turns it into one that starts, and is asked whether it is ready.
func starting(u *unit) {
	u.state = service.Starting
	u.probe = probe{seq: 1, asking: true, busy: true, run: u.run, at: never, timeout: time.Minute, hangsAt: never}
}

// hooking has a hook of the unit run in a state.
func hooking(u *unit, state service.State, stage service.Stage) {
	u.state, u.deadline, u.reach = state, time.Minute, proc.Tree
	u.hook = hook{stage: stage, seq: 1, busy: true}
	u.spec.Hooks[stage] = []service.Hook{{Command: []string{"hook"}}}
	u.leaderGone = state == service.Cleaning
	u.spec.Ready.Kind = service.TCPProbe
}

// breaks are states that cannot be, each under the field that is wrong in it.
var breaks = []struct {
	field string
	do    func(m *Machine, u *unit)
}{
	{"spec", func(m *Machine, u *unit) { u.spec = &service.Spec{Name: "api"} }},
	{"index", func(m *Machine, u *unit) { m.units = []*unit{newUnit(u.spec, 0)} }},
	{"needs", func(m *Machine, u *unit) { u.needs = []*unit{u} }},
	{"needs", func(m *Machine, u *unit) { u.spec.Needs = []string{"x"}; u.needs = []*unit{{}} }},
	{"state", func(m *Machine, u *unit) { m.booted = false }},
	{"since", func(m *Machine, u *unit) { u.since = m.now + 1 }},
	{"since", func(m *Machine, u *unit) { u.since = -1 }},
	{"wanted", func(m *Machine, u *unit) { u.wanted = false }},
	{"wanted", func(m *Machine, u *unit) { m.shutdown.phase = stoppingUnits }},
	{"wanted", func(m *Machine, u *unit) { u.state = service.Down }},
	{"wanted", func(m *Machine, u *unit) { u.state = service.Done; m.shutdown.phase = sweeping }},
	{"wanted", func(m *Machine, u *unit) { u.removed = true }},
	{"run", func(m *Machine, u *unit) { u.run = 0 }},
	{"run", func(m *Machine, u *unit) { u.state = service.Down }},
	{"run", func(m *Machine, u *unit) { m.last = 0 }},
	{"run", func(m *Machine, u *unit) { delete(m.runs, 1) }},
	{"pid", func(m *Machine, u *unit) { u.spawning = true }},
	{"pid", func(m *Machine, u *unit) { u.run = 0 }},
	{"deadline", func(m *Machine, u *unit) { u.state = service.Killing }},
	{"deadline", func(m *Machine, u *unit) { u.state = service.BackingOff }},
	{"deadline", func(m *Machine, u *unit) { u.state = service.Stopping }},
	{"deadline", func(m *Machine, u *unit) { u.deadline = time.Minute }},
	{"deadline", func(m *Machine, u *unit) { u.state, u.deadline = service.Starting, time.Minute }},
	{"deadline", func(m *Machine, u *unit) {
		u.state, u.spec.Ready = service.Starting, service.Probe{Kind: service.AfterTime}
	}},
	{"deadline", func(m *Machine, u *unit) { u.state, u.spec.OneShot, u.spec.Ready.Within = service.Starting, true, 1 }},
	{"deadline", func(m *Machine, u *unit) {
		u.state, u.spec.Ready = service.Starting, service.Probe{Kind: service.TCPProbe, Within: 1}
	}},
	{"deadline", func(m *Machine, u *unit) {
		u.state, u.spec.Ready, u.spawning, u.deadline = service.Starting, service.Probe{Kind: service.AfterTime}, true, 1
	}},
	{"deadline", func(m *Machine, u *unit) {
		u.state, u.spec.OneShot, u.spec.Ready.Kind, u.deadline = service.Starting, true, service.AfterTime, 1
	}},
	{"starts", func(m *Machine, u *unit) { u.starts = make([]Instant, 2) }},
	{"starts", func(m *Machine, u *unit) { u.spec.GiveUp.Starts = 2; u.starts = []Instant{2, 1} }},
	{"started", func(m *Machine, u *unit) { u.started = m.now + 1 }},
	{"started", func(m *Machine, u *unit) { u.begun = 0 }},
	{"spawning", func(m *Machine, u *unit) { u.spawning = true }},
	{"preparing", func(m *Machine, u *unit) { u.preparing = true }},
	{"says", func(m *Machine, u *unit) { u.says = "x"; u.state, u.run = service.Down, 0 }},
	{"reloading", func(m *Machine, u *unit) { u.reloading = true; starting(u) }},
	{"ending", func(m *Machine, u *unit) { u.ending = true; u.state, u.run = service.Down, 0 }},
	{"watchdog", func(m *Machine, u *unit) { u.watchdog = -1 }},
	{"watchdogAt", func(m *Machine, u *unit) { u.watchdogAt = time.Hour }},
	{"proved", func(m *Machine, u *unit) { u.proved, u.everUp, u.upAt = true, false, 0; u.state = service.Starting }},
	{"badRuns", func(m *Machine, u *unit) { u.badRuns = -1 }},
	{"queued", func(m *Machine, u *unit) { u.queued = true }},
	{"failures", func(m *Machine, u *unit) { u.failures = 2 }},
	{"failures", func(m *Machine, u *unit) { u.failures = -1 }},
	{"begun", func(m *Machine, u *unit) { u.begun, u.starts = 0, nil }},
	{"begun", func(m *Machine, u *unit) { u.starts = make([]Instant, 2) }},
	{"everUp", func(m *Machine, u *unit) { u.everUp = false }},
	{"hinted", func(m *Machine, u *unit) { u.hinted, u.begun = true, 0 }},
	{"ladder", func(m *Machine, u *unit) { u.ladder = nil }},
	{"rung", func(m *Machine, u *unit) { u.rung = 2 }},
	{"rung", func(m *Machine, u *unit) { u.rung = -1 }},
	{"stopAt", func(m *Machine, u *unit) { u.stopAt = m.now + 1 }},
	{"stopAt", func(m *Machine, u *unit) { stopping(u); u.stopAt = u.started - 1 }},
	{"lastSignal", func(m *Machine, u *unit) { u.lastSignal = proc.TERM }},
	{"lastSignal", func(m *Machine, u *unit) { stopping(u); u.lastSignal = 0 }},
	{"lastSignal", func(m *Machine, u *unit) { stopping(u); u.lastSignal = proc.KILL }},
	{"lastSignal", func(m *Machine, u *unit) { stopping(u); u.state = service.Killing }},
	{"lastSignal", func(m *Machine, u *unit) { u.state = service.Killing }},
	{"hard", func(m *Machine, u *unit) { u.hard, u.lastSignal = true, proc.KILL }},
	{"hard", func(m *Machine, u *unit) { u.hard = true; m.shutdown.phase = sweeping }},
	{"leaderGone", func(m *Machine, u *unit) { u.leaderGone = true }},
	{"leaderGone", func(m *Machine, u *unit) { stopping(u); u.leaderGone, u.spawning = true, true }},
	{"reach", func(m *Machine, u *unit) { stopping(u); u.reach = proc.Group }},
	{"forwarded", func(m *Machine, u *unit) { u.forwarded = proc.TERM }},
	{"forwarded", func(m *Machine, u *unit) { u.forwarded = proc.TERM; m.plan.Init.StopSignals = service.ForwardToMain }},
	{"forwarded", func(m *Machine, u *unit) {
		u.forwarded, m.plan.Init.Main, m.plan.Init.StopSignals = proc.HUP, "web", service.ForwardToMain
	}},
	{"forwardedAt", func(m *Machine, u *unit) { u.forwardedAt = m.now + 1 }},
	{"forwardedAt", func(m *Machine, u *unit) { u.forwarded = proc.TERM }},
	{"climbAt", func(m *Machine, u *unit) { u.climbAt = m.now + 1 }},
	{"climbAt", func(m *Machine, u *unit) { stopping(u); u.stopAt, u.climbAt = m.now, 1 }},
	{"endAt", func(m *Machine, u *unit) { u.endAt = m.now + 1 }},
	{"endAt", func(m *Machine, u *unit) { u.endAt, u.begun = 1, 0 }},
	{"failing", func(m *Machine, u *unit) { u.failing = "x" }},
	{"changed", func(_ *Machine, u *unit) { u.changed = "x" }},
	{"lost", func(m *Machine, u *unit) { u.lost = true }},
	{"gaveUp", func(m *Machine, u *unit) { u.gaveUp, u.ended = "x", "x" }},
	{"gaveUp", func(m *Machine, u *unit) { u.gaveUp, u.state = "x", service.Failed }},
	{"refused", func(m *Machine, u *unit) { u.refused, u.ended = true, "x" }},
	{"refused", func(m *Machine, u *unit) { u.refused, u.state = true, service.Failed }},
	{"exit", func(m *Machine, u *unit) { u.exit.Code = 1 }},
	{"ended", func(m *Machine, u *unit) { u.state = service.Done }},
	{"ended", func(m *Machine, u *unit) { u.state = service.Failed }},
	{"lastStatus", func(m *Machine, u *unit) { u.lastStatus = 1 }},
	{"lastStatus", func(m *Machine, u *unit) { u.lastStatus, u.ended = -1, "x" }},
	{"upAt", func(m *Machine, u *unit) { u.upAt = m.now + 1 }},
	{"upAt", func(m *Machine, u *unit) { u.upAt = u.started - 1 }},
	{"upAt", func(m *Machine, u *unit) { starting(u) }},
	{"records", func(m *Machine, u *unit) { u.records = make([]service.Record, recordsMax+1) }},
	{"records", func(m *Machine, u *unit) { u.records = make([]service.Record, 1); m.plan.Init.Lean = true }},
	{"records", func(m *Machine, u *unit) { u.records = []service.Record{{Run: 2}} }},
	{"records", func(m *Machine, u *unit) { u.records = []service.Record{{Run: 1}} }},
	{"records", func(m *Machine, u *unit) { m.last = 3; u.records = []service.Record{{Run: 2, Started: 1}} }},
	{"removed", func(m *Machine, u *unit) { u.removed = true }},
	{"removed", func(m *Machine, u *unit) { m.plan.Services = nil; u.removed = true }},
	{"removed", func(m *Machine, u *unit) { m.plan.Services = nil }},
	{"next", func(m *Machine, u *unit) { u.next, u.state = u.spec, service.Down }},
	{"next", func(m *Machine, u *unit) { u.spec = &service.Spec{} }},
	{"leaving", func(m *Machine, u *unit) { u.leaving = 1 }},
	{"leaving", func(m *Machine, u *unit) { u.leaving = 1; stopping(u) }},
	{"leaving", func(m *Machine, u *unit) { u.leaving, m.reloads = 1, 1 }},
	{"leaving", func(m *Machine, u *unit) { u.leaving, m.reloads, m.shutdown.phase = 1, 1, sweeping; stopping(u) }},
	{"behind", func(m *Machine, u *unit) { u.behind = []*unit{u} }},
	{"probe", func(m *Machine, u *unit) { u.probe.at = 1 }},
	{"probe", func(m *Machine, u *unit) { starting(u); u.spawning = true }},

	{"deadline", func(m *Machine, u *unit) { hooking(u, service.Starting, service.AfterStart); u.deadline = never }},
	{"deadline", func(m *Machine, u *unit) { hooking(u, service.Cleaning, service.AfterStop); u.deadline = never }},
	{"lastSignal", func(m *Machine, u *unit) {
		hooking(u, service.Stopping, service.BeforeStop)
		u.lastSignal = proc.TERM
	}},
	{"hooks", func(m *Machine, u *unit) { u.hooks = nil }},
	{"hooks", func(m *Machine, u *unit) { u.state, u.hooks = service.Down, &service.Hooks{} }},
	{"hook", func(m *Machine, u *unit) { hooking(u, service.Stopping, service.AfterStop) }},
	{"hook", func(m *Machine, u *unit) { hooking(u, service.Cleaning, service.BeforeStop) }},
	{"hook.stage", func(m *Machine, u *unit) { hooking(u, service.Starting, service.BeforeStart) }},
	{"hook.stage", func(m *Machine, u *unit) { hooking(u, service.Starting, service.BeforeStart); u.preparing = true }},
	{"hook.stage", func(m *Machine, u *unit) { hooking(u, service.Up, service.AfterStart) }},
	{"hook.stage", func(m *Machine, u *unit) { hooking(u, service.Up, service.BeforeStop) }},
	{"hook.stage", func(m *Machine, u *unit) {
		hooking(u, service.Killing, service.StopCommand)
		u.lastSignal, u.hook.busy = proc.KILL, false
	}},
	{"hook.index", func(m *Machine, u *unit) { hooking(u, service.Stopping, service.BeforeStop); u.hook.index = 1 }},
	{"hook.index", func(m *Machine, u *unit) { u.hook.index = -1 }},
	{"hook.seq", func(m *Machine, u *unit) { hooking(u, service.Stopping, service.BeforeStop); u.hook.seq = 0 }},
	{"hook.busy", func(m *Machine, u *unit) { hooking(u, service.Stopping, service.BeforeStop); u.hook.busy = false }},
	{"hook.busy", func(m *Machine, u *unit) { u.hook.seq, u.hook.busy = 1, true }},
	{"hook.began", func(m *Machine, u *unit) { u.hook.began = m.now + 1 }},
	{"hook.killed", func(m *Machine, u *unit) { u.hook.killed = true }},
	{"hook.took", func(m *Machine, u *unit) { u.hook.took = -1 }},
	{"hook.took", func(m *Machine, u *unit) { u.hook.took = m.now + 1 }},
	{"hook.gone", func(m *Machine, u *unit) { hooking(u, service.Stopping, service.BeforeStop); u.hook.gone = true }},
	{"hook.gone", func(m *Machine, u *unit) { u.hook.gone = true }},
	{"hook.then", func(m *Machine, u *unit) { u.hook.then.well = true }},

	{"probe.seq", func(m *Machine, u *unit) { u.probe.busy = true }},
	{"probe.asking", func(m *Machine, u *unit) { starting(u); u.probe.busy = false }},
	{"probe.asking", func(m *Machine, u *unit) { starting(u); u.state = service.Up }},
	{"probe.asking", func(m *Machine, u *unit) { starting(u); u.probe.timeout = never }},
	{"probe.busy", func(m *Machine, u *unit) { starting(u); u.probe.run = 0 }},
	{"probe.due", func(m *Machine, u *unit) { starting(u); u.probe.due = true }},
	{"probe.due", func(m *Machine, u *unit) { u.probe.due, u.probe.busy = true, true }},
	{"probe.due", func(m *Machine, u *unit) { u.state, u.probe.due = service.Starting, true }},
	{"probe.run", func(m *Machine, u *unit) { starting(u); u.probe.run = 9 }},
	{"probe.at", func(m *Machine, u *unit) { starting(u); u.probe.at = time.Minute }},
	{"probe.at", func(m *Machine, u *unit) { u.probe.at, u.probe.due = time.Minute, true }},
	{"probe.timeout", func(m *Machine, u *unit) { u.probe.timeout = time.Minute }},
	{"probe.hangsAt", func(m *Machine, u *unit) { starting(u); u.probe.hangsAt = time.Minute }},
	{"probe.hangsAt", func(m *Machine, u *unit) { u.probe.hangsAt = time.Minute }},
	{"probe.hangs", func(m *Machine, u *unit) { u.probe.hangs = true }},
	{"probe.pause", func(m *Machine, u *unit) { u.probe.pause = 1 }},
	{"probe.pause", func(m *Machine, u *unit) { u.probe.pause = -1 }},
	{"gone", func(m *Machine, u *unit) { u.gone = true }},
	{"gone", func(m *Machine, u *unit) { u.gone, u.spec.External = true, true }},
	{"told", func(m *Machine, u *unit) { u.told = "x" }},
	{"stays", func(m *Machine, u *unit) { u.stays = true }},
	{"probe.misses", func(m *Machine, u *unit) { u.probe.misses = externalMisses }},
	{"probe.misses", func(m *Machine, u *unit) { u.probe.misses = -1 }},
	{"probe.misses", func(m *Machine, u *unit) { starting(u); u.probe.misses = 1 }},
	{"probe.words", func(m *Machine, u *unit) { u.probe.words = "x" }},

	{"shutdown.phase", func(m *Machine, u *unit) { m.over = true }},
	{"shutdown.phase", func(m *Machine, u *unit) { m.shutdown.phase = finished }},
	{"shutdown.at", func(m *Machine, u *unit) { m.shutdown.at = 1 }},
	{"shutdown.at", func(m *Machine, u *unit) { m.shutdown.at, m.shutdown.phase = m.now+1, sweeping }},
	{"shutdown.killAt", func(m *Machine, u *unit) { m.shutdown.killAt = 10*time.Second - m.reserve() }},
	{"shutdown.killAt", func(m *Machine, u *unit) { m.shutdown.phase = sweeping }},
	{"shutdown.killAt", func(m *Machine, u *unit) { m.shutdown.phase, m.plan.Init.Grace, m.shutdown.killAt = sweeping, 0, 0 }},
	{"shutdown.late", func(m *Machine, u *unit) { m.shutdown.late, m.shutdown.killAt = true, 1 }},
	{"shutdown.late", func(m *Machine, u *unit) { m.shutdown.late, m.shutdown.phase = true, sweeping }},
	{"shutdown.warnAt", func(m *Machine, u *unit) { m.shutdown.warnAt = 1 }},
	{"shutdown.warnAt", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.killAt, m.shutdown.warnAt = sweeping, 1, 2 }},
	{"shutdown.sweepAt", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.sweepAt = stoppingUnits, 1 }},
	{"shutdown.sweepAt", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.sweepAt = sweeping, m.now+1 }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.deadline = 1 }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.phase = draining }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.killAt, m.shutdown.deadline = draining, 1, 2 }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.late = stoppingUnits, true }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.phase = sweeping }},
	{"shutdown.deadline", func(m *Machine, u *unit) { m.shutdown.phase = sweepingHard }},
	{"shutdown.lastNew", func(m *Machine, u *unit) { m.shutdown.lastNew = 1 }},
	{"shutdown.lastNew", func(m *Machine, u *unit) { m.shutdown.phase, m.shutdown.at, m.shutdown.lastNew = draining, 2, 1 }},
	{"shutdown.asked", func(m *Machine, u *unit) { m.shutdown.asked = true }},
	{"shutdown.cause", func(m *Machine, u *unit) { m.shutdown.cause, u.ended = u, "x" }},
	{"shutdown.cause", func(m *Machine, u *unit) { m.shutdown.cause, m.shutdown.phase = u, sweeping }},
	{"shutdown.failed", func(m *Machine, u *unit) { m.shutdown.failed = true }},
	{"shutdown.killed", func(m *Machine, u *unit) { m.shutdown.killed = true }},
	{"shutdown.ints", func(m *Machine, u *unit) { m.shutdown.ints = 1 }},
	{"shutdown.ints", func(m *Machine, u *unit) { m.shutdown.ints, m.shutdown.phase = -1, sweeping }},
	{"shutdown.askedBy", func(m *Machine, u *unit) { m.shutdown.askedBy[3] = true }},
	{"shutdown.hurried", func(m *Machine, u *unit) { m.shutdown.hurried = true }},
	{"shutdown.reason", func(m *Machine, u *unit) { m.shutdown.reason = "x" }},
	{"shutdown.reason", func(m *Machine, u *unit) { m.shutdown.phase = sweeping }},
	{"shutdown.ends", func(m *Machine, u *unit) { m.shutdown.ends = make([]service.Ending, 1) }},
	{"shutdown.strayAt", func(m *Machine, u *unit) { m.shutdown.strayAt = map[proc.PID]Instant{1: 1} }},
	{"shutdown.strayAt", func(m *Machine, u *unit) {
		m.shutdown.phase, m.shutdown.strayAt = sweeping, map[proc.PID]Instant{1: m.now + 1}
	}},
	{"shutdown.below", func(m *Machine, u *unit) { m.shutdown.below = make([]service.Need, 1) }},
}

// Each invariant notices when its field is wrong: one that never fails protects nothing.
func TestInvariantsNoticeWhatIsBroken(t *testing.T) {
	tried := make(map[string]bool)
	for i, b := range breaks {
		m, u := runningMachine()
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		b.do(m, u)
		if m.Check() == nil || rules(m, u)[b.field]() {
			t.Errorf("break %d of %s is not noticed", i, b.field)
		}
		tried[b.field] = true
	}
	m, u := runningMachine()
	for field := range rules(m, u) {
		if !tried[field] {
			t.Errorf("no break of %s is tried", field)
		}
	}
}

// rules are all invariants by the names of their fields.
func rules(m *Machine, u *unit) map[string]func() bool {
	all := make(map[string]func() bool)
	for _, rule := range unitRules {
		all[rule.field] = func() bool { return rule.holds(m, u) }
	}
	for _, rule := range probeRules {
		all["probe."+rule.field] = func() bool { return rule.holds(u, &u.probe) }
	}
	for _, rule := range hookRules {
		all["hook."+rule.field] = func() bool { return rule.holds(m, u, &u.hook) }
	}
	for _, rule := range shutdownRules {
		all["shutdown."+rule.field] = func() bool { return rule.holds(m, &m.shutdown) }
	}
	return all
}
