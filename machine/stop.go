package machine

import (
	"fmt"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// The stop of one unit: its ladder, rung by rung, until its first process has ended, its
// group is empty, and no process is left that it started in other groups.

// askedDown: a request stops or restarts a live unit.
func (u *unit) askedDown(m *Machine, event Event) {
	u.wanted = event.(Asked).Verb == AskRestart
	m.say(Info, u, stopWords(u))
	u.beginStop(m)
}

// noLongerWanted: a unit that is being stopped must not start again.
func (u *unit) noLongerWanted(m *Machine, event Event) {
	u.wanted = false
	u.redirect()
	if event.(Asked).Verb != AskRestart && u.state != service.Cleaning {
		u.widen(m)
	}
}

// wantedAfterStop: a unit that is being stopped must start again.
func (u *unit) wantedAfterStop(m *Machine, _ Event) {
	u.wanted, u.failing, u.lost = true, "", false
	u.failures, u.starts = 0, u.starts[:0]
	u.redirect()
}

// beginStop: Starting, Up -> Stopping, with the hooks of the stop if the unit was up, and the
// first rung.
func (u *unit) beginStop(m *Machine) {
	hooks := u.state == service.Up && len(u.hooks[service.BeforeStop])+len(u.hooks[service.StopCommand]) > 0
	u.beginStopBy(m, u.spec.Stop, hooks)
}

// beginStopBy is beginStop with another ladder, or without the hooks of the stop.
func (u *unit) beginStopBy(m *Machine, ladder []service.Rung, hooks bool) {
	if u.spec.External {
		u.letGo(m)
		return
	}
	u.probe.end(m, u)
	u.ladder, u.rung, u.stopAt, u.reach = ladder, 0, m.now, m.reachOf(u)
	u.become(m, service.Stopping)
	u.callOff(m)
	if !hooks {
		u.climb(m)
		return
	}
	if u.reach != proc.Single {
		m.do(Gather{Run: u.run, Service: u.spec.Name, Scope: u.reach})
	}
	if !u.beginHooks(m, service.BeforeStop) {
		u.beginHooks(m, service.StopCommand)
	}
}

// callOff: a start that still waits for its preparation, or for a look at the file of its probe, is cancelled.
func (u *unit) callOff(m *Machine) {
	if u.spawning && !u.hook.busy && (u.preparing || u.spec.Ready.Kind == service.FileProbe) {
		m.do(CallOff{Run: u.run, Service: u.spec.Name})
	}
}

// reachOf is how far a stop of u that begins now reaches. A service is its tree: its
// descendants get the signals of the ladder too, and the stop waits for them. Before a
// restart only those count that would disturb the next run; others that it has started (the
// sessions of an sshd) go on.
func (m *Machine) reachOf(u *unit) proc.Scope {
	switch {
	case m.plan.Init.StopReach == service.ReachGroup:
		return proc.Group
	case u.spec.KillMode == service.KillProcess:
		return proc.Single
	case u.wanted && m.keeping() && !u.lost && (u.failing == "" || u.spec.Restart != service.Never):
		return proc.Core
	}
	return proc.Tree
}

// widen: a unit that was to be started again will not be. Processes that its stop has left
// alone so far get the signal of the present rung.
func (u *unit) widen(m *Machine) {
	if u.reach == proc.Core {
		u.reach = proc.Tree
		m.do(Widen{Run: u.run, Service: u.spec.Name})
	}
}

// climb takes the present rung: it sends the signal and sets the deadline.
func (u *unit) climb(m *Machine) {
	rung := u.ladder[u.rung]
	if rung.Kills() {
		u.kill(m, u.rung > 0)
		return
	}
	m.askToEnd(u, rung.Signal)
	u.deadline = m.rungEnds(u)
}

// rungEnds is when the time of the present rung of u is over if it begins now; never where
// no process is killed.
func (m *Machine) rungEnds(u *unit) Instant {
	patience := u.ladder[u.rung].For
	if patience == 0 {
		patience = m.share(u)
	}
	if patience == never {
		return never
	}
	if m.shutdown.phase == running {
		return m.now + patience
	}
	return min(m.now+patience, m.shutdown.killAt) // nothing lasts longer than the shutdown
}

// hasten: the container's end has begun while u is already stopping. A rung that has no time
// of its own had all the time that there was. Now it has its share, so that the units that u
// needs have theirs.
func (u *unit) hasten(m *Machine) {
	u.deadline = min(u.deadline, m.stepEnds(u))
	if u.state != service.Cleaning {
		u.widen(m)
	}
}

// stepEnds is when the time of the present step of a stop is over if it begins now.
func (m *Machine) stepEnds(u *unit) Instant {
	if u.hook.stops() {
		return m.hookEnds(u)
	}
	return m.rungEnds(u)
}

// share is the time that an open rung or hook of u has: what is left until the last
// KILL, less what the stops of u and of the longest path below it have fixed,
// shared among the open steps of both. The time that a service did not use goes to the
// others.
func (m *Machine) share(u *unit) time.Duration {
	if m.plan.Init.Grace <= 0 {
		return never // no process is killed
	}
	own := u.needLeft()
	if m.keeping() {
		return own.Share(m.plan.Init.Grace - m.reserve())
	}
	return own.Plus(m.needBelow(u)).Share(m.shutdown.killAt - m.now)
}

// needLeft is what the stop of u needs from its present step on.
func (u *unit) needLeft() service.Need {
	if u.hook.stops() {
		return u.hooks.NeedFrom(u.hook.stage, u.hook.index, u.ladder)
	}
	return service.NeedOf(u.ladder[u.rung:]).Plus(u.hooks.NeedFrom(service.AfterStop, 0, nil))
}

// needBelow is what the live units on the longest path of those that stop after u need.
func (m *Machine) needBelow(u *unit) service.Need {
	if m.shutdown.below == nil {
		m.shutdown.below = m.graph.NeedBelow(func(i int) bool { return m.units[i].state.Live() })
	}
	return m.shutdown.below[u.index]
}

// nextRung: the time of the present rung has passed.
func (u *unit) nextRung(m *Machine, _ Event) {
	if u.hook.stops() {
		u.hookTick(m, (*unit).stopHookEnded)
		return
	}
	waited := m.now - max(u.since, u.climbAt)
	if u.rung+1 >= len(u.ladder) {
		u.kill(m, true)
		return
	}
	u.rung++
	rung := u.ladder[u.rung]
	verb := fmt.Sprintf("sending SIG%v", rung.Signal)
	if rung.Kills() {
		verb = "killing it"
	}
	if !u.spawning || u.hook.busy { // perhaps there will be no process: lateStart speaks of one
		m.sayf(Warn, u, "%s %s after SIG%v; %s", u.remains(), span(waited), u.firstSignal(), verb)
	}
	u.climb(m)
}

// remains says what is still there of a unit that is being stopped.
func (u *unit) remains() string {
	if u.leaderGone {
		return "processes that it has started still running"
	}
	return "still running"
}

// firstSignal is the signal that began its end.
func (u *unit) firstSignal() proc.Signal {
	if u.forwarded != 0 {
		return u.forwarded
	}
	return u.ladder[0].Signal
}

// firstStep is what began its end, in words.
func (u *unit) firstStep() string {
	if u.hook.stops() {
		return "its " + u.hook.stage.String() + " began"
	}
	return fmt.Sprintf("SIG%v", u.firstSignal())
}

// killPatience is how long a process may take to die of KILL before we say that it has not.
const killPatience = time.Second

// kill: -> Killing. hard means that gentler signals have failed: a ladder that begins with
// KILL is no failure. Before the container's end it is never hard: only that end has a status.
func (u *unit) kill(m *Machine, hard bool) {
	if u.state != service.Stopping && u.state != service.Killing {
		u.stopAt, u.reach = m.now, m.reachOf(u)
		u.callOff(m)
	}
	if !u.hook.busy {
		u.hook.clear()
	}
	u.lastSignal, u.hard = proc.KILL, hard && !m.keeping()
	u.become(m, service.Killing)
	m.signalKill(u)
	u.deadline = m.now + killPatience
}

// signalKill sends KILL as far as the stop of u reaches. A hook that is left gets it in any case.
func (m *Machine) signalKill(u *unit) {
	if u.reach != proc.Single {
		m.signalRun(u, proc.KILL, u.reach)
		return
	}
	if u.hook.busy {
		m.do(StopHook{Run: u.run, Service: u.spec.Name, Seq: u.hook.seq})
	}
	if u.leaderGone {
		m.signalRun(u, proc.KILL, proc.Group)
	} else if !u.spawning {
		m.signalRun(u, proc.KILL, proc.Single)
	}
}

// stillThere: KILL did not end it.
func (u *unit) stillThere(m *Machine, _ Event) {
	if m.now-u.since < 2*killPatience {
		what := "still there %s after SIGKILL: it hangs in the kernel (state D), perhaps on a disk or network that does not answer; waiting"
		if u.leaderGone {
			what = "processes that it has started are still there %s after SIGKILL: they hang in the kernel (state D), or fork faster than they are killed; waiting"
		}
		m.sayf(Error, u, what, span(m.now-u.since))
	}
	m.signalKill(u)
	u.deadline = m.now + killPatience
}

// escaped: the ladder of a unit reaches beyond its group.
func (m *Machine) escaped(e Escaped) {
	u := m.runs[e.Run]
	if u == nil {
		return
	}
	how := "which it has started"
	if e.Claimed {
		how = "which only its SEXTON_SERVICE ties to this service"
	}
	m.sayf(Info, u, "also waiting for %s, in another process group, %s", e.Names, how)
}

// inBackground says, once, what happens to a service that puts itself into the background, and how its program stays in the
// foreground.
func (u *unit) inBackground(m *Machine, behind string) {
	if behind == "" || u.hinted {
		return
	}
	u.hinted = true
	how := "--foreground, --nodaemon, -F or -f, and no & at the end of a command"
	name, _, _ := strings.Cut(behind, " (")
	if program, known := service.ProgramOf(name); known && program.ToForeground() != "" {
		how = name + " " + program.ToForeground()
	}
	m.sayf(Warn, u, "%s after %s, but %s, which it started, is still running, and sexton cannot restart that: start it in the foreground (%s)",
		u.exit, span(m.now-u.started), behind, how)
}

// behindWords fit behind how a run ended.
func behindWords(behind string) string {
	if behind == "" {
		return ""
	}
	return ", leaving " + behind + " in the background"
}

// lateStart: the spawn of a unit that is already being stopped succeeded; it
// gets the signal of the present rung now.
func (u *unit) lateStart(m *Machine, event Event) {
	u.spawning, u.pid = false, event.(Started).PID
	if u.state == service.Killing && u.hard {
		m.sayf(Warn, u, "started (pid %d) when no time was left to stop it gently; killing it", u.pid)
	}
	m.askToEnd(u, u.lastSignal)
}

// lateRefusal: there was nothing to stop after all.
func (u *unit) lateRefusal(m *Machine, event Event) {
	u.lastSignal, u.hard = 0, false
	u.notStarted(m, event.(StartFailed))
}

// notStarted: a unit that is being stopped has no process, and gets none.
func (u *unit) notStarted(m *Machine, e StartFailed) {
	u.ended, u.lastStatus, u.exit = "cannot start: "+e.Err, e.Status, proc.Exit{Code: e.Status}
	u.refused = true
	u.record(m, service.Record{Exit: u.ended, Status: e.Status, Asked: u.whyStopped(m)})
	u.stopped(m, e)
}

// leaderEnded: the first process of a unit that is being stopped has ended. The unit has
// ended when its other processes have.
func (u *unit) leaderEnded(m *Machine, event Event) {
	u.exit = event.(Exited).Exit
	u.exit.OOM = u.exit.OOM && u.state != service.Killing // that one was ours
	u.lastStatus = u.exit.Status()
	u.ended = fmt.Sprintf("%s after %s", u.exit, span(m.now-u.started))
	u.leaderGone = true
	killed := u.state == service.Killing
	if killed && u.exit.Signal != proc.KILL { // it was ending already when KILL came
		u.lastSignal, u.hard, killed = 0, false, false
	}
	u.record(m, service.Record{
		Exit: u.exit.String(), Status: u.lastStatus, Usage: event.(Exited).Usage,
		Asked: u.whyStopped(m), Killed: killed,
	})
	if m.plan.Init.StopReach == service.ReachGroup && u.spec.Single { // the rest got no signal, and is swept
		u.stopped(m, event)
		return
	}
	if u.reach == proc.Single { // the rest got no signal
		m.signalRun(u, proc.KILL, proc.Group)
	}
	m.do(Watch{Run: u.run, Service: u.spec.Name})
}

// ladderWords is a ladder as it stands in the file: "TERM, KILL".
func ladderWords(spec *service.Spec) string {
	text := ""
	for i, rung := range spec.Stop {
		if i > 0 {
			text += ", "
		}
		text += "SIG" + rung.Signal.String()
		if rung.For > 0 {
			text += " for " + span(rung.For)
		}
	}
	return text
}
