package machine

import (
	"fmt"
	"slices"
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
	if event.(Asked).Verb != AskRestart {
		u.widen(m)
	}
}

// wantedAfterStop: a unit that is being stopped must start again.
func (u *unit) wantedAfterStop(m *Machine, _ Event) {
	u.wanted, u.failing, u.lost = true, "", false
	u.failures, u.starts = 0, u.starts[:0]
}

// beginStop: Starting, Up -> Stopping, with the first rung.
func (u *unit) beginStop(m *Machine) {
	if u.spec.External {
		u.letGo(m)
		return
	}
	u.probe.end(m, u)
	u.ladder, u.rung, u.stopAt, u.reach = u.spec.Stop, 0, m.now, m.reachOf(u)
	u.become(m, service.Stopping)
	u.callOff(m)
	u.climb(m)
}

// callOff: a start that still waits for its preparation, or for a look at the file of its probe, is cancelled.
func (u *unit) callOff(m *Machine) {
	if u.spawning && (u.preparing || u.spec.Ready.Kind == service.FileProbe) {
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
	u.deadline = min(u.deadline, m.rungEnds(u))
	u.widen(m)
}

// share is the time that an open rung of u has: what is left until the last
// KILL, less what the ladders of u and of the longest path below it have fixed,
// shared among the open rungs of both. The time that a service did not use goes to the
// others.
func (m *Machine) share(u *unit) time.Duration {
	if m.plan.Init.Grace <= 0 {
		return never // no process is killed
	}
	own := service.NeedOf(u.ladder[u.rung:])
	if m.keeping() {
		return own.Share(m.plan.Init.Grace - m.reserve())
	}
	return own.Plus(m.needBelow(u)).Share(m.shutdown.killAt - m.now)
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
	waited := m.now - u.since
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
	m.sayf(Warn, u, "%s %s after SIG%v; %s", u.remains(), span(waited), u.firstSignal(), verb)
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

// killPatience is how long a process may take to die of KILL before we say that it has not.
const killPatience = time.Second

// kill: -> Killing. hard means that gentler signals have failed: a ladder that begins with
// KILL is no failure. Before the container's end it is never hard: only that end has a status.
func (u *unit) kill(m *Machine, hard bool) {
	if u.state != service.Stopping && u.state != service.Killing {
		u.stopAt, u.reach = m.now, m.reachOf(u)
		u.callOff(m)
	}
	u.lastSignal, u.hard = proc.KILL, hard && !m.keeping()
	u.become(m, service.Killing)
	m.signalRun(u, proc.KILL, u.reach)
	u.deadline = m.now + killPatience
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
	m.signalRun(u, proc.KILL, u.reach)
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
	e := event.(StartFailed)
	u.ended, u.lastStatus, u.exit = "cannot start: "+e.Err, e.Status, proc.Exit{Code: e.Status}
	u.refused, u.lastSignal, u.hard = true, 0, false
	u.record(m, service.Record{Exit: u.ended, Status: e.Status, Asked: u.whyStopped(m)})
	u.stopped(m, event)
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
	m.do(Watch{Run: u.run, Service: u.spec.Name})
}

// stopped: no process is left of a unit that was being stopped.
func (u *unit) stopped(m *Machine, _ Event) {
	killed, took := u.lastSignal == proc.KILL, m.now-u.since
	failing, lost, replaced := u.failing, u.lost, u.leaving != 0
	u.endRun(m)
	u.noteEnd(m, u.hard)
	u.failing, u.lost, u.changed = "", false, ""
	switch {
	case lost && u.wanted:
		u.stoppedLost(m, failing)
	case failing != "" && u.wanted && !replaced:
		u.restartAfterFailing(m, failing)
	case u.wanted && m.keeping() && u.cannotRestart(m, "stopped"):
	case u.wanted && m.keeping() && replaced && u.spec.Scheduled():
		m.say(Info, u, "stopped")
		u.becomeScheduled(m)
	case u.wanted && m.keeping():
		u.become(m, service.Waiting)
		m.say(Info, u, "stopped; starting it again")
	default:
		u.become(m, service.Down)
		switch {
		case killed:
			m.say(Info, u, "killed")
		case u.refused:
			m.say(Info, u, u.ended)
		case u.lastSignal == 0:
			m.sayf(Info, u, "%s, before SIGKILL reached it", u.ended)
		case u.exit.Signal != 0 && u.exit.Signal != u.lastSignal:
			m.sayf(Info, u, "stopped after %s, %s", span(took), u.exit)
		default:
			m.sayf(Info, u, "stopped after %s", span(took))
		}
	}
}

// restartAfterFailing: the start had failed, because the unit did not become ready.
func (u *unit) restartAfterFailing(m *Machine, failing string) {
	u.ended, u.lastStatus = failing, u.failedStatus()
	well, stays := false, false
	if u.spec.Restart == service.Never {
		u.judge(m, well, stays, failing)
		return
	}
	u.restartOr(m, Warn, failing, u.becomeFailed)
}

// failedStatus is the exit status of a unit that was stopped because it had failed: its own,
// or 1 where its own would look like a success (0) or like a requested stop (the status that
// one of our own signals makes).
func (u *unit) failedStatus() int {
	sent := []proc.Signal{proc.TERM, u.lastSignal}
	for _, rung := range u.ladder[:u.rung+1] {
		sent = append(sent, rung.Signal)
	}
	ours := func(sig proc.Signal) bool { return sig.Status() == u.lastStatus }
	if u.lastStatus == 0 || slices.ContainsFunc(sent, ours) {
		return 1
	}
	return u.lastStatus
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
