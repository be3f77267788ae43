package machine

import (
	"fmt"
	"slices"
	"time"

	"sexton/proc"
	"sexton/service"
)

// unit is the machine's record of one service. invariants.go says, as a check, what is true
// of each field in each state.
type unit struct {
	spec  *service.Spec
	index int     // in Machine.units, and in the graph
	needs []*unit // spec.Needs, those that there are

	state    service.State
	since    Instant // when the state was entered
	wanted   bool    // the target
	run      service.Run
	pid      proc.PID // for people
	deadline Instant

	starts     []Instant     // recent ones, for GiveUp
	started    Instant       // of the present or last run
	spawning   bool          // Spawn or Prepare is said, its answer not yet heard
	preparing  bool          // that was Prepare
	says       string        // STATUS of sd_notify
	reloading  bool          // it has said so
	ending     bool          // it stops by itself
	watchdog   time.Duration // it says WATCHDOG=1 at least so often; 0: it need not
	watchdogAt Instant       // when it must have said so
	proved     bool          // it was healthy at least once since it is up
	badRuns    int           // of its schedule, in a row
	queued     bool          // another run of its schedule waits for the end of this one
	failures   int           // ends in a row, for Backoff
	begun      int           // how many starts there were, for people
	everUp     bool          // it was ready at least once
	hinted     bool          // inBackground has said that a service must stay in the foreground

	ladder      []service.Rung // of the present run, or of its stop: a reload does not change a stop that has begun
	rung        int            // of the ladder
	stopAt      Instant        // when it was asked to end
	lastSignal  proc.Signal    // that we sent to end it; 0: none
	hard        bool           // that was KILL, and gentler signals had failed
	leaderGone  bool           // the first process has ended; the stop waits for the others
	reach       proc.Scope     // how far the signals of the ladder reach
	forwarded   proc.Signal    // the last stop signal that was forwarded to its group, where main decides (service.ForwardToMain); 0: none
	forwardedAt Instant
	climbAt     Instant   // when the ladder began, if hooks came before it; 0: with the stop
	endAt       Instant   // when the present or last run had ended
	failing     string    // why it is stopped although it is wanted; "": it is not
	lost        bool      // that is because of a unit that it needs (needs.go)
	changed     string    // the files for which it is restarted, in words; "": it is not for files
	gaveUp      string    // why it is not started again, in words; "": for another reason, or it is
	refused     bool      // the last start found no process
	exit        proc.Exit // how the last first process ended
	ended       string    // the same in words; "": no run has ended
	lastStatus  int       // the same as an exit status, 126 and 127 included
	upAt        Instant   // when the present or last run was ready; 0: it was not
	records     []service.Record

	removed bool          // it is not in the plan any more
	next    *service.Spec // the one of the next run, after a reload; nil: the same
	leaving uint64        // the reload that wants the present run to end; 0: none does
	behind  []*unit       // which must be down before that
	told    string        // a request wants the present run to end, not a reload: why; "": none does
	stays   bool          // and the unit is to stay down

	gone  bool // an external service that was up in this run, and does not answer any more
	probe probe
	hooks *service.Hooks // of the present or last run
	hook  hook
}

func newUnit(spec *service.Spec, index int) *unit {
	u := &unit{spec: spec, index: index, deadline: never, hooks: &spec.Hooks}
	u.forgetWords()
	u.probe.forget()
	return u
}

// become enters a state. Every change of state goes through here.
func (u *unit) become(m *Machine, s service.State) {
	m.note(u, s)
	u.state, u.since = s, m.now
	u.deadline, u.watchdogAt, u.reloading = never, never, false
	if !s.Live() {
		u.leaving, u.behind, u.queued = 0, nil, false
		u.told, u.stays = "", false
	}
}

// take looks the event up in the table and does what the cell says.
func (u *unit) take(m *Machine, kind eventKind, event Event) {
	table[u.state][kind](u, m, event)
}

// wantUp: Down, Done, Failed -> Waiting. Settle starts it when its needs are met. A service with a schedule becomes
// Scheduled.
func (u *unit) wantUp(m *Machine) {
	u.wanted = true
	if u.spec.Scheduled() {
		u.becomeScheduled(m)
		return
	}
	u.become(m, service.Waiting)
}

// start: Waiting -> Starting.
func (u *unit) start(m *Machine) {
	m.last++
	u.run = m.last
	m.runs[u.run] = u
	u.spawning, u.leaderGone, u.refused, u.failing, u.pid = true, false, false, "", 0
	u.lost = false
	u.started, u.upAt = m.now, 0
	u.ladder, u.rung = u.spec.Stop, 0
	u.lastSignal, u.hard, u.gaveUp = 0, false, ""
	u.forwarded, u.forwardedAt, u.climbAt = 0, 0, 0
	u.hooks = &u.spec.Hooks
	u.queued = false
	u.forgetWords()
	u.begun++
	u.starts = append(u.starts, m.now)
	u.trimStarts()
	u.become(m, service.Starting)
	if u.gone = false; u.spec.External {
		u.watch(m)
		return
	}
	if u.spec.Prepare {
		u.prepare(m)
		return
	}
	u.makeStart(m)
}

// makeStart: what comes before the start is prepared.
func (u *unit) makeStart(m *Machine) {
	if !u.beginHooks(m, service.BeforeStart) {
		m.do(Spawn{Run: u.run, Service: u.spec.Name})
	}
}

// trimStarts forgets the starts that do not count any more.
func (u *unit) trimStarts() {
	if keep := max(u.spec.GiveUp.Starts, 1); len(u.starts) > keep {
		u.starts = u.starts[len(u.starts)-keep:]
	}
}

// nowRunning: the spawn of a Starting unit succeeded.
func (u *unit) nowRunning(m *Machine, event Event) {
	u.spawning, u.pid = false, event.(Started).PID
	ready := &u.spec.Ready
	switch {
	case u.spec.OneShot && ready.Within > 0:
		u.deadline = m.now + ready.Within
		m.sayf(Info, u, "started (pid %d), has %s", u.pid, span(ready.Within))
		return
	case u.spec.OneShot:
		m.sayf(Info, u, "started (pid %d)", u.pid)
		return
	case ready.Kind == service.NoProbe && u.beginHooks(m, service.AfterStart):
		m.sayf(Info, u, "started (pid %d), running its after_start", u.pid)
		return
	case ready.Kind == service.NoProbe:
		m.sayf(Info, u, "up (pid %d)", u.pid)
		u.becomeUp(m)
		return
	case ready.Kind == service.AfterTime:
		u.deadline = m.now + ready.Delay
	default:
		if ready.Within > 0 {
			u.deadline = m.now + ready.Within
		}
		if !ready.Kind.Says() {
			u.probe.begin(m, u)
		}
	}
	m.sayf(Info, u, "started (pid %d), not ready yet: %s", u.pid, waitsFor(ready, true))
}

// startRefused: there is no process.
func (u *unit) startRefused(m *Machine, event Event) {
	e := event.(StartFailed)
	u.ended, u.lastStatus, u.exit = "cannot start: "+e.Err, e.Status, proc.Exit{Code: e.Status}
	u.refused = true
	u.record(m, service.Record{Exit: u.ended, Status: e.Status})
	u.finish(m, over{kind: wasRefused, passing: e.Passing, what: u.ended})
}

func (u *unit) becomeUp(m *Machine) {
	u.become(m, service.Up)
	u.everUp, u.upAt, u.proved = true, m.now, false
	u.expect(m)
	if every, _, ok := u.health(); ok {
		u.probe.at = m.now + every
	}
}

// nowReady: a Starting unit has proved that it is ready.
func (u *unit) nowReady(m *Machine, event Event) {
	if u.spec.External {
		u.found(m, event)
		return
	}
	u.probe.end(m, u)
	if u.beginHooks(m, service.AfterStart) {
		m.sayf(Info, u, "ready after %s, running its after_start", span(m.now-u.started))
		return
	}
	u.becomeUp(m)
	m.sayf(Info, u, "up after %s", span(m.now-u.started))
}

// notYetReady: an attempt failed; the probe has planned the next.
func (u *unit) notYetReady(m *Machine, _ Event) {
	m.say(Debug, u, "not ready yet: "+u.probe.words)
	u.probe.again(m, u)
}

// startDeadline: the time of `ready` has passed. For `after` that is what was
// waited for. For a probe, and for a oneshot that is not done, it is a failed start.
func (u *unit) startDeadline(m *Machine, event Event) {
	switch ready := &u.spec.Ready; {
	case u.preparing:
		u.stillPreparing(m)
		return
	case u.spec.External:
		u.notFound(m)
		return
	case u.hook.stage != service.NoStage:
		u.hookTick(m, (*unit).startHookEnded)
		return
	case u.spec.OneShot:
		u.failing = fmt.Sprintf("not done within %s", span(ready.Within))
	case ready.Kind == service.AfterTime:
		u.nowReady(m, event)
		return
	default:
		u.failing = u.notReady()
	}
	m.sayf(Warn, u, "%s; stopping it with %s", u.failing, ladderWords(u.spec))
	u.beginStop(m)
}

// endRun forgets the run: from here on, news of it is old.
func (u *unit) endRun(m *Machine) {
	u.probe.end(m, u)
	u.dropHook(m)
	if u.spec.Prepare && u.hooks.Any() {
		m.do(Discard{Run: u.run, Service: u.spec.Name})
	}
	u.forgetWords()
	delete(m.runs, u.run)
	u.run, u.pid, u.leaderGone, u.spawning, u.preparing, u.gone = 0, 0, false, false, false, false
	if u.next != nil {
		u.follow(u.next)
	}
	u.hooks = &u.spec.Hooks
}

// died: the first process of a Starting or Up unit has ended, and we have not asked it to.
func (u *unit) died(m *Machine, event Event) {
	if m.endWasAsked(u, event.(Exited).Exit) {
		u.outlived(m, event)
		return
	}
	u.exit = event.(Exited).Exit
	u.lastStatus = u.exit.Status()
	u.ended = fmt.Sprintf("%s after %s%s", u.exit, span(m.now-u.started), behindWords(event.(Exited).Behind))
	well := u.exit.Signal == 0 && slices.Contains(u.spec.OKCodes, u.exit.Code)
	u.record(m, service.Record{Exit: u.exit.String() + behindWords(event.(Exited).Behind), Status: u.lastStatus, Usage: event.(Exited).Usage})
	u.probe.end(m, u)
	u.dropHook(m)
	u.noteEnd(m, false)
	u.inBackground(m, event.(Exited).Behind)
	o := over{kind: hasDied, well: well, stays: event.(Exited).Stays, what: u.ended}
	if len(u.hooks[service.AfterStop]) > 0 {
		u.killRest(m, u.run)
		u.finish(m, o)
		return
	}
	run := u.run
	u.finish(m, o)
	u.killRest(m, run)
}

// killRest ends what an ended run has left in its group.
func (u *unit) killRest(m *Machine, run service.Run) {
	// The rest of its group must not keep ports and files that the next run needs. At the
	// container's end that rest is swept gently, like all other processes; and a oneshot may
	// leave processes behind on purpose.
	if sig := m.plan.Init.SignalOnMainExit; sig != 0 && u == m.main() {
		m.do(Signal{Run: run, Service: u.spec.Name, Signal: sig, Scope: proc.Group})
	}
	if !u.spec.OneShot && m.keeping() {
		scope := proc.Core
		if u.spec.KillMode == service.KillProcess {
			scope = proc.Group
		}
		m.do(Signal{Run: run, Service: u.spec.Name, Signal: proc.KILL, Scope: scope})
	}
}

// judge decides what becomes of a unit that is wanted and whose run has ended, well or not.
// stays: the run has left a process that goes on. The restart then counts even if the run
// ended well, or each start would leave one more process, for ever.
func (u *unit) judge(m *Machine, well, stays bool, what string) {
	if u.replaced(m, what) {
		return
	}
	restart := u.spec.Restart == service.Always || u.spec.Restart == service.OnFailure && !well
	switch {
	case u.spec.OneShot && well && u.spec.Scheduled() && m.keeping():
		m.sayf(Info, u, "done after %s", span(m.now-u.started))
		u.badRuns = 0
		u.becomeScheduled(m)
	case u.spec.OneShot && well:
		u.become(m, service.Done)
		m.sayf(Info, u, "done after %s", span(m.now-u.started))
		m.endedForGood(u, true)
	case !m.keeping():
		u.become(m, service.Down)
		m.say(Info, u, what)
	case restart && well && !stays:
		u.restartWell(m, what)
	case restart:
		u.restartOr(m, Warn, what, u.becomeFailed)
	case well:
		u.become(m, service.Done)
		m.say(m.endLevel(u, Info), u, what)
		m.endedForGood(u, true)
	default:
		m.say(m.endLevel(u, Error), u, what)
		u.becomeFailed(m)
	}
}

func (u *unit) becomeFailed(m *Machine) {
	if u.spec.Scheduled() && u.spec.ShutdownOn == service.NoShutdown && m.keeping() && !u.removed {
		u.badRuns++
		u.becomeScheduled(m) // the next run may be better
		return
	}
	u.become(m, service.Failed)
	m.endedForGood(u, false)
}

// becomeWaiting: the back-off is over.
func (u *unit) becomeWaiting(m *Machine, _ Event) { u.become(m, service.Waiting) }

// startAgain: a request starts a unit that has ended for good or waits for its next start.
// Earlier failures are forgotten.
func (u *unit) startAgain(m *Machine, _ Event) {
	u.failures, u.starts = 0, u.starts[:0]
	u.wantUp(m)
}

// stayDown: a unit without a process is not wanted any more.
func (u *unit) stayDown(m *Machine, _ Event) {
	u.wanted = false
	u.become(m, service.Down)
}

// report is the unit as people see it.
func (u *unit) report(m *Machine) service.Status {
	return service.Status{
		Name: u.spec.Name, State: u.state, Run: u.run, PID: u.pid, Since: u.since, Started: u.started,
		Restarts: max(0, u.begun-1), LastExit: u.reason(), Waits: u.waits(m), Seen: u.probeSeen(), Health: u.healthWords(), Says: u.wordsOf(), Ready: u.holdsNobody(), OneShot: u.spec.OneShot, External: u.spec.External,
	}
}
