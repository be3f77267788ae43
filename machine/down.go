package machine

import (
	"fmt"
	"slices"

	"sexton/proc"
	"sexton/service"
)

// The end of a stop.

// emptied: no process is left of a unit that was being stopped, but perhaps a hook.
func (u *unit) emptied(m *Machine, event Event) {
	if u.reach == proc.Single && u.hook.stage == service.AfterStart {
		u.dropHook(m) // the signals of the stop have not reached it
	}
	if u.hook.busy {
		u.hook.gone = true
		return
	}
	u.stopped(m, event)
}

// stopped: no process is left of a unit that was being stopped.
func (u *unit) stopped(m *Machine, _ Event) {
	u.noteEnd(m, u.hard)
	took, what := span(m.now-u.since), ""
	switch {
	case u.lastSignal == proc.KILL:
		what = "killed"
	case u.refused:
		what = u.ended
	case u.lastSignal == 0 && u.state == service.Killing:
		what = u.ended + ", before SIGKILL reached it"
	case u.exit.Signal != 0 && u.exit.Signal != u.lastSignal:
		what = fmt.Sprintf("stopped after %s, %s", took, u.exit)
	default:
		what = "stopped after " + took
	}
	u.finish(m, over{kind: wasStopped, what: what})
}

// isDown: nothing is left of a run that was stopped.
func (u *unit) isDown(m *Machine, what string) {
	failing, lost, replaced := u.failing, u.lost, u.leaving != 0
	u.endRun(m)
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
		m.say(Info, u, what)
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
