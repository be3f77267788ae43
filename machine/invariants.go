package machine

import (
	"fmt"
	"slices"

	"sexton/proc"
	"sexton/service"
)

// Check reports the first invariant that the machine's state breaks, or nil. Tests call it
// after every step. It costs time in proportion to the number of services.
//
// Every field of unit, probe, hook and shutdown has an invariant below, under its name.
func (m *Machine) Check() error {
	for _, u := range m.units {
		for _, rule := range unitRules {
			if !rule.holds(m, u) {
				return fmt.Errorf("%s, %v, phase %d: the invariant of unit.%s is broken: %+v", u.spec.Name, u.state, m.shutdown.phase, rule.field, *u)
			}
		}
		for _, rule := range hookRules {
			if !rule.holds(m, u, &u.hook) {
				return fmt.Errorf("%s, %v: the invariant of hook.%s is broken: %+v", u.spec.Name, u.state, rule.field, u.hook)
			}
		}
		for _, rule := range probeRules {
			if !rule.holds(u, &u.probe) {
				return fmt.Errorf("%s, %v: the invariant of probe.%s is broken: %+v", u.spec.Name, u.state, rule.field, u.probe)
			}
		}
	}
	for _, rule := range shutdownRules {
		if !rule.holds(m, &m.shutdown) {
			return fmt.Errorf("phase %d: the invariant of shutdown.%s is broken: %+v", m.shutdown.phase, rule.field, m.shutdown)
		}
	}
	for run, u := range m.runs {
		if u.run != run || m.names[u.spec.Name] != u {
			return fmt.Errorf("run %d belongs to no unit", run)
		}
	}
	return m.checkLost()
}

// asks tells whether a unit asks whether it is ready, or is still there.
func (u *unit) asks() bool {
	_, _, health := u.health()
	return u.state == service.Starting || u.state == service.Up && health
}

// unitRules are what is true of each field of a unit after every step.
var unitRules = []struct {
	field string
	holds func(m *Machine, u *unit) bool
}{
	{"spec", func(m *Machine, u *unit) bool { return m.named(u.spec.Name) == u }},
	{"index", func(m *Machine, u *unit) bool { return m.units[u.index] == u }},
	{"needs", func(m *Machine, u *unit) bool { // a unit that has run had all of them, unless a reload has brought others
		return len(u.needs) <= len(u.newest().Needs) &&
			!slices.ContainsFunc(u.needs, func(need *unit) bool { return m.reloads == 0 && u.begun > 0 && need.begun == 0 })
	}},
	{"state", func(m *Machine, u *unit) bool { return m.booted || u.state == service.Down }},
	{"since", func(m *Machine, u *unit) bool { return u.since >= 0 && u.since <= m.now }},
	{"wanted", func(m *Machine, u *unit) bool {
		switch u.state {
		case service.Waiting, service.Starting, service.Up, service.BackingOff, service.Scheduled:
			return u.wanted == (m.keeping() && !u.removed)
		case service.Down:
			return !u.wanted
		}
		return !u.wanted || m.keeping()
	}},
	{"run", func(m *Machine, u *unit) bool {
		return u.state.Live() == (u.run != 0) && u.run <= m.last && (u.run == 0 || m.runs[u.run] == u)
	}},
	{"pid", func(m *Machine, u *unit) bool { return u.run != 0 && !u.spawning || u.pid == 0 }},
	{"deadline", func(m *Machine, u *unit) bool {
		switch u.state {
		case service.Scheduled: // the jitter of a run that is due
			return u.deadline == never || u.deadline <= m.now+u.spec.Schedule.Jitter
		case service.Killing, service.BackingOff, service.Cleaning:
			return u.deadline != never
		case service.Stopping: // without one of its own the shutdown's ends it
			return u.deadline != never || m.plan.Init.Grace <= 0 || m.shutdown.killAt != never
		case service.Starting:
			if u.hook.stage != service.NoStage {
				return u.deadline != never
			}
			timed := u.spec.Ready.Within > 0 && (u.spec.OneShot || u.spec.Ready.Kind != service.NoProbe) || u.spec.Ready.Kind == service.AfterTime && !u.spec.OneShot
			return u.preparing || u.gone && u.deadline == never || (u.deadline != never) == (timed && !u.spawning)
		}
		return u.deadline == never
	}},
	{"starts", func(m *Machine, u *unit) bool {
		return len(u.starts) <= max(u.spec.GiveUp.Starts, 1) && slices.IsSorted(u.starts)
	}},
	{"started", func(m *Machine, u *unit) bool { return u.started <= m.now && (u.begun > 0 || u.started == 0) }},
	{"spawning", func(m *Machine, u *unit) bool {
		return !u.spawning || u.state == service.Starting || u.state.GoesDown()
	}},
	{"preparing", func(m *Machine, u *unit) bool { return !u.preparing || u.spawning && u.spec.Prepare }},
	{"says", func(m *Machine, u *unit) bool { return u.says == "" || u.run != 0 }},
	{"reloading", func(m *Machine, u *unit) bool { return !u.reloading || u.state == service.Up }},
	{"ending", func(m *Machine, u *unit) bool { return !u.ending || u.run != 0 }},
	{"watchdog", func(m *Machine, u *unit) bool { return u.watchdog >= 0 }},
	{"watchdogAt", func(m *Machine, u *unit) bool {
		return u.watchdogAt == never || u.state == service.Up && u.watchdogAt >= u.upAt && u.watchdog > 0
	}},
	{"proved", func(m *Machine, u *unit) bool { return !u.proved || u.everUp }},
	{"badRuns", func(m *Machine, u *unit) bool { return u.badRuns >= 0 }},
	{"queued", func(m *Machine, u *unit) bool { return !u.queued || u.state == service.Starting || u.state.GoesDown() }},
	{"failures", func(m *Machine, u *unit) bool { return u.failures >= 0 && u.failures <= u.begun }},
	{"begun", func(m *Machine, u *unit) bool { return u.begun >= len(u.starts) && (u.begun > 0 || !u.state.Live()) }},
	{"everUp", func(m *Machine, u *unit) bool { return u.everUp || u.state != service.Up && u.upAt == 0 }},
	{"hinted", func(m *Machine, u *unit) bool { return !u.hinted || u.begun > 0 }},
	{"ladder", func(m *Machine, u *unit) bool { return len(u.ladder) > 0 || u.begun == 0 }},
	{"rung", func(m *Machine, u *unit) bool { return u.rung >= 0 && u.rung < max(1, len(u.ladder)) }},
	{"stopAt", func(m *Machine, u *unit) bool {
		return u.stopAt <= m.now && (!u.state.GoesDown() || u.stopAt >= u.started)
	}},
	{"lastSignal", func(m *Machine, u *unit) bool {
		switch u.state {
		case service.Starting, service.Up:
			return u.lastSignal == 0
		case service.Stopping:
			return (u.lastSignal == 0) == (u.hook.stage == service.BeforeStop || u.hook.stage == service.StopCommand) && u.lastSignal != proc.KILL
		case service.Killing: // what was ending already has not ended by our KILL
			return u.lastSignal == proc.KILL || u.lastSignal == 0 && u.leaderGone
		}
		return true
	}},
	{"hard", func(m *Machine, u *unit) bool { return !u.hard || u.lastSignal == proc.KILL && !m.keeping() }},
	{"leaderGone", func(m *Machine, u *unit) bool { return !u.leaderGone || u.state.GoesDown() && !u.spawning }},
	{"reach", func(m *Machine, u *unit) bool {
		return !u.state.GoesDown() || (u.reach == proc.Group) == (m.plan.Init.StopReach == service.ReachGroup)
	}},
	{"forwarded", func(m *Machine, u *unit) bool {
		return u.forwarded == 0 || m.plan.Init.StopSignals == service.ForwardToMain && u == m.main() && service.StopsByDefault(u.forwarded)
	}},
	{"forwardedAt", func(m *Machine, u *unit) bool {
		return u.forwardedAt <= m.now && (u.forwarded == 0 || u.forwardedAt >= u.started)
	}},
	{"climbAt", func(m *Machine, u *unit) bool {
		return u.climbAt <= m.now && (u.climbAt == 0 || u.climbAt >= u.stopAt || !u.state.GoesDown())
	}},
	{"endAt", func(m *Machine, u *unit) bool { return u.endAt <= m.now && (u.endAt == 0 || u.begun > 0) }},
	{"failing", func(m *Machine, u *unit) bool { return u.failing == "" || u.state.GoesDown() }},
	{"lost", func(m *Machine, u *unit) bool { return !u.lost || u.failing != "" }},
	{"changed", func(_ *Machine, u *unit) bool { return u.changed == "" || u.state.GoesDown() }},
	{"gaveUp", func(m *Machine, u *unit) bool { return u.gaveUp == "" || !u.state.Live() && u.ended != "" }},
	{"refused", func(m *Machine, u *unit) bool {
		return !u.refused || (!u.state.Live() || u.state == service.Cleaning) && u.ended != ""
	}},
	{"exit", func(m *Machine, u *unit) bool { return u.exit == proc.Exit{} || u.ended != "" }},
	{"ended", func(m *Machine, u *unit) bool {
		return u.ended != "" || u.state != service.Done && u.state != service.Failed
	}},
	{"lastStatus", func(m *Machine, u *unit) bool { return u.lastStatus >= 0 && (u.lastStatus == 0 || u.ended != "") }},
	{"upAt", func(m *Machine, u *unit) bool {
		return u.upAt <= m.now && (u.state != service.Up || u.upAt >= u.started) && (u.state != service.Starting || u.upAt == 0)
	}},
	{"records", func(m *Machine, u *unit) bool {
		return len(u.records) <= recordsMax && (len(u.records) == 0 || !m.plan.Init.Lean) && !slices.ContainsFunc(u.records, func(r service.Record) bool {
			return r.Run > m.last || r.Ended < r.Started || r.Run == u.run && !u.leaderGone
		})
	}},
	{"removed", func(m *Machine, u *unit) bool {
		return u.removed == (u.index >= len(m.plan.Services)) && (!u.removed || !m.keeping() || (u.state.Live() || u.probe.busy) && !u.wanted)
	}},
	{"next", func(m *Machine, u *unit) bool { // only a run that is to end follows an old spec
		return u.next != nil && u.state.Live() && u.next.Edition != u.spec.Edition || u.next == nil && (u.removed || !m.keeping() || u.spec == &m.plan.Services[u.index])
	}},
	{"leaving", func(m *Machine, u *unit) bool { // what nothing holds is being stopped
		return u.leaving == 0 || u.leaving <= m.reloads && (u.removed || u.next != nil || u.told != "") && m.keeping() && u.state.Live() && (u.state.GoesDown() || u.held())
	}},
	{"behind", func(m *Machine, u *unit) bool { return len(u.behind) == 0 || u.leaving != 0 }},
	{"told", func(m *Machine, u *unit) bool { return u.told == "" || u.leaving != 0 }},
	{"stays", func(m *Machine, u *unit) bool { return !u.stays || u.told != "" && !u.spec.External }},
	{"gone", func(m *Machine, u *unit) bool {
		return !u.gone || u.spec.External && u.state == service.Starting && u.everUp
	}},
	{"probe", func(m *Machine, u *unit) bool { // its deadlines are for a unit that starts; its fields have rules of their own
		return u.asks() && !u.spawning || u.probe.next() == never
	}},
	{"hooks", func(m *Machine, u *unit) bool { return u.hooks != nil && (u.state.Live() || u.hooks == &u.spec.Hooks) }},
	{"hook", func(m *Machine, u *unit) bool { // its fields have rules of their own
		return (u.state == service.Cleaning) == (u.hook.stage == service.AfterStop)
	}},
}

// probeRules are what is true of each field of a probe after every step.
var probeRules = []struct {
	field string
	holds func(u *unit, p *probe) bool
}{
	{"seq", func(u *unit, p *probe) bool { return p.seq > 0 || !p.busy }},
	{"asking", func(u *unit, p *probe) bool {
		return !p.asking || p.busy && u.asks() && p.timeout != never
	}},
	{"busy", func(u *unit, p *probe) bool { return !p.busy || p.run != 0 }},
	{"due", func(u *unit, p *probe) bool { return !p.due || p.busy && !p.asking && u.asks() }},
	{"run", func(u *unit, p *probe) bool { return p.run == u.run || !p.asking }},
	{"at", func(u *unit, p *probe) bool { return p.at == never || !p.asking && !p.due }},
	{"timeout", func(u *unit, p *probe) bool { return (p.timeout != never) == p.asking }},
	{"hangsAt", func(u *unit, p *probe) bool { return p.hangsAt == never || p.busy && !p.asking }},
	{"hangs", func(u *unit, p *probe) bool { return !p.hangs || p.busy }},
	{"pause", func(u *unit, p *probe) bool { return p.pause >= 0 && p.pause <= max(0, u.spec.Ready.Every) }},
	{"misses", func(u *unit, p *probe) bool {
		_, failures, health := u.health()
		return p.misses == 0 || p.misses > 0 && p.misses < failures && u.state == service.Up && health
	}},
	{"words", func(u *unit, p *probe) bool { return p.words == "" || u.asks() }},
}

// shutdownRules are what is true of each field of the shutdown after every step.
var shutdownRules = []struct {
	field string
	holds func(m *Machine, s *shutdown) bool
}{
	{"phase", func(m *Machine, s *shutdown) bool { return m.over == (s.phase == finished) }},
	{"at", func(m *Machine, s *shutdown) bool { return s.at <= m.now && (s.at == 0 || s.phase != running) }},
	{"killAt", func(m *Machine, s *shutdown) bool {
		if s.phase == running || m.plan.Init.Grace <= 0 {
			return s.killAt == never
		}
		return s.killAt == s.at+m.plan.Init.Grace-m.reserve()
	}},
	{"late", func(m *Machine, s *shutdown) bool { return !s.late || !m.keeping() && s.killAt <= m.now }},
	{"warnAt", func(m *Machine, s *shutdown) bool {
		return s.warnAt == never || s.phase != running && s.warnAt <= s.killAt
	}},
	{"sweepAt", func(m *Machine, s *shutdown) bool {
		return s.sweepAt <= m.now && (s.sweepAt == 0 || s.phase > stoppingUnits)
	}},
	{"deadline", func(m *Machine, s *shutdown) bool {
		switch s.phase {
		case draining:
			return s.deadline <= s.killAt && s.deadline != never
		case stoppingUnits:
			return (s.deadline != never) == s.late
		case sweeping, sweepingHard:
			return s.deadline != never
		}
		return s.deadline == never
	}},
	{"lastNew", func(m *Machine, s *shutdown) bool { return s.lastNew == 0 || s.phase != running && s.lastNew >= s.at }},
	{"asked", func(m *Machine, s *shutdown) bool { return !s.asked || s.phase != running }},
	{"cause", func(m *Machine, s *shutdown) bool { return s.cause == nil || !m.keeping() && s.cause.ended != "" }},
	{"failed", func(m *Machine, s *shutdown) bool { return !s.failed || s.cause != nil }},
	{"killed", func(m *Machine, s *shutdown) bool { return !s.killed || !m.keeping() }},
	{"ints", func(m *Machine, s *shutdown) bool {
		return s.ints >= 0 && (s.ints == 0 || s.phase != running || m.plan.Init.StopSignals == service.ForwardToMain)
	}},
	{"askedBy", func(m *Machine, s *shutdown) bool { return s.phase != running || !slices.Contains(s.askedBy[:], true) }},
	{"hurried", func(m *Machine, s *shutdown) bool { return !s.hurried || !m.keeping() }},
	{"reason", func(m *Machine, s *shutdown) bool { return (s.reason == "") == (s.phase == running) }},
	{"ends", func(m *Machine, s *shutdown) bool { return len(s.ends) == 0 || !m.keeping() }},
	{"strayAt", func(m *Machine, s *shutdown) bool {
		for _, at := range s.strayAt {
			if at > m.now || m.keeping() {
				return false
			}
		}
		return true
	}},
	{"below", func(m *Machine, s *shutdown) bool { return s.below == nil }},
}

// checkLost reports a unit that still waits or runs although its needs cannot be met any
// more. A unit that has to wait until others are down may.
func (m *Machine) checkLost() error {
	lost := m.lostNeeds()
	if lost == nil || !m.booted || m.over || !m.keeping() {
		return nil
	}
	held := m.heldByLost(lost)
	for i := range m.units {
		switch u := m.units[i]; {
		case lost[i] == nil || u.state.GoesDown():
		case !u.state.Live() || !held[i]:
			return fmt.Errorf("%s, %v: it needs %s, which is lost", u.spec.Name, u.state, lost[i].spec.Name)
		}
	}
	return nil
}
