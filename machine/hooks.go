package machine

import (
	"fmt"
	"strconv"
	"time"

	"sexton/proc"
	"sexton/service"
)

// Hooks are commands of a service that run before and after its start and its stop. One runs
// at a time. Those before a stop run in Stopping, before the first signal; those after the
// end in Cleaning, when all processes of the run are gone. While a unit stops, a hook that
// its start has left running gets the signals of the ladder, too.

// hook is the command of a unit that runs now.
type hook struct {
	stage  service.Stage // NoStage: none
	index  int           // among the commands of the stage
	seq    uint64        // of the last command that was ordered
	busy   bool          // that has not ended; of a stop_command that has, the effect is waited for
	began  Instant       // when it was ordered
	killed bool          // its time was over
	took   time.Duration // until then
	gone   bool          // the processes of the run are gone: the stop waits for the command alone
	then   over          // in Cleaning: how the run ended
}

// over is how a run ended, and so what becomes of its unit.
type over struct {
	kind    overKind
	well    bool   // died: with a status of ok_codes
	stays   bool   // died: see Exited
	passing bool   // refused: see StartFailed
	what    string // in words
}

type overKind uint8

const (
	hasDied overKind = iota
	wasRefused
	wasStopped
)

// goesDown tells whether a unit has a run that is being ended, or that is not over yet.
func (u *unit) goesDown() bool { return u.state.GoesDown() }

// beginHooks runs the first command of a stage. It tells whether there is one.
func (u *unit) beginHooks(m *Machine, stage service.Stage) bool {
	if len(u.hooks[stage]) == 0 {
		return false
	}
	u.runHook(m, stage, 0)
	return true
}

func (u *unit) runHook(m *Machine, stage service.Stage, index int) {
	h := &u.hook
	*h = hook{stage: stage, index: index, seq: h.seq + 1, busy: true, began: m.now, gone: h.gone, then: h.then}
	u.deadline = m.hookEnds(u)
	var env []string
	if stage == service.AfterStop {
		env = u.afterStopEnv(m)
	}
	m.do(RunHook{Run: u.run, Service: u.spec.Name, Stage: stage, Index: index, Seq: h.seq, Env: env})
}

// nextHook runs the next command of the stage. It tells whether there is one.
func (u *unit) nextHook(m *Machine) bool {
	h := &u.hook
	if h.index+1 >= len(u.hooks[h.stage]) {
		h.clear()
		return false
	}
	u.runHook(m, h.stage, h.index+1)
	return true
}

// hookEnds is when the time of the present hook of u is over if it begins now.
func (m *Machine) hookEnds(u *unit) Instant {
	hook := &u.hooks[u.hook.stage][u.hook.index]
	patience := hook.Patience()
	if m.shutdown.phase == running {
		return m.now + patience
	}
	if hook.Timeout == 0 && !m.keeping() {
		patience = min(patience, m.share(u))
	}
	return min(m.now+patience, m.shutdown.killAt) // nothing lasts longer than the shutdown
}

// clear: no command runs.
func (h *hook) clear() { *h = hook{seq: h.seq} }

// stops tells whether a hook is a step of its unit's stop.
func (h *hook) stops() bool {
	return h.stage == service.BeforeStop || h.stage == service.StopCommand || h.stage == service.AfterStop
}

// hooked: a command has ended. News of an earlier one is dropped.
func (m *Machine) hooked(e Hooked) {
	u := m.runs[e.Run]
	if u == nil || !u.hook.busy || u.hook.seq != e.Seq {
		return
	}
	u.hook.busy = false
	u.take(m, kindHooked, e)
}

// hookName is a hook for people: "before_start: mkdir -p /run/web".
func (u *unit) hookName() string {
	return u.hook.stage.String() + ": " + service.CommandText(u.hooks[u.hook.stage][u.hook.index].Command)
}

// hookFault says why a command has failed; "" if it has not.
func (u *unit) hookFault(e Hooked) string {
	switch {
	case u.hook.killed:
		return withOutput(u.hookName()+": no end within "+span(u.hook.took), e.Output)
	case e.Err != "":
		return withOutput(u.hookName()+": "+e.Err, e.Output)
	}
	return ""
}

// startHookEnded: a hook of a start has ended.
func (u *unit) startHookEnded(m *Machine, event Event) {
	e := event.(Hooked)
	stage, fault := u.hook.stage, u.hookFault(e)
	switch {
	case fault == "" && u.nextHook(m):
	case fault == "" && stage == service.BeforeStart:
		u.deadline = never
		m.do(Spawn{Run: u.run, Service: u.spec.Name})
	case fault == "":
		u.becomeUp(m)
		m.sayf(Info, u, "up after %s", span(m.now-u.started))
	case stage == service.BeforeStart:
		u.hook.clear()
		u.startRefused(m, StartFailed{Run: u.run, Err: fault, Status: max(1, e.Status)})
	default:
		u.hook.clear()
		u.failing = fault
		m.sayf(Warn, u, "%s; stopping it with %s", fault, ladderWords(u.spec))
		u.beginStop(m)
	}
}

// stopHookEnded: a hook has ended while its unit stops.
func (u *unit) stopHookEnded(m *Machine, event Event) {
	e := event.(Hooked)
	stage, fault := u.hook.stage, u.hookFault(e)
	if stage == service.BeforeStart {
		u.hook.clear()
		if !u.hard { // KILL counts for the status of the container
			u.lastSignal = 0
		}
		u.notStarted(m, StartFailed{Run: u.run, Err: "it was stopped first", Status: max(1, e.Status)})
		return
	}
	if fault != "" && u.hook.stops() && u.state == service.Stopping {
		m.say(Warn, u, fault+"; the stop goes on")
	}
	switch {
	case u.hook.gone:
		u.hook.clear()
		u.stopped(m, event)
	case stage == service.AfterStart || u.state == service.Killing:
		u.hook.clear()
	case stage == service.BeforeStop && !u.leaderGone && (u.nextHook(m) || u.beginHooks(m, service.StopCommand)):
	case stage == service.StopCommand && fault == "": // until the time is over
	default:
		u.beginLadder(m)
	}
}

// beginLadder: the hooks before a stop are over.
func (u *unit) beginLadder(m *Machine) {
	u.hook.clear()
	u.climbAt = m.now
	u.climb(m)
}

// hookTick: the time of a command is over. ended is what its end does.
func (u *unit) hookTick(m *Machine, ended step) {
	h := &u.hook
	switch {
	case !h.busy: // a stop_command that has ended
		m.sayf(Warn, u, "%s %s after its stop_command; sending SIG%v", u.remains(), span(m.now-u.since), u.ladder[0].Signal)
		u.beginLadder(m)
	case h.killed:
		m.sayf(Warn, u, "%s still runs %s after SIGKILL: it hangs in the kernel (state D); going on without it", u.hookName(), span(killPatience))
		h.busy = false
		ended(u, m, Hooked{Run: u.run, Seq: h.seq})
	default:
		h.killed, h.took = true, min(m.now-h.began, u.hooks[h.stage][h.index].Patience())
		u.deadline = m.now + killPatience
		m.do(StopHook{Run: u.run, Service: u.spec.Name, Seq: h.seq})
	}
}

// dropHook kills the command that runs, and does not wait for its end.
func (u *unit) dropHook(m *Machine) {
	if u.hook.busy {
		m.do(StopHook{Run: u.run, Service: u.spec.Name, Seq: u.hook.seq})
	}
	u.hook.clear()
}

// finish: no process is left of a run. Its after_stop commands follow, and then what becomes
// of the unit.
func (u *unit) finish(m *Machine, o over) {
	u.endAt = m.now
	u.dropHook(m)
	if len(u.hooks[service.AfterStop]) == 0 || u.preparing {
		u.isOver(m, o)
		return
	}
	if m.shutdown.late || m.shutdown.hurried {
		m.say(Warn, u, "no time is left for its after_stop")
		u.isOver(m, o)
		return
	}
	u.pid, u.spawning, u.leaderGone = 0, false, true
	if u.state != service.Stopping && u.state != service.Killing {
		u.reach = m.reachOf(u)
		u.stopAt = m.now
	}
	u.become(m, service.Cleaning)
	u.hook.then = o
	m.say(Debug, u, o.what+"; running its after_stop")
	u.beginHooks(m, service.AfterStop)
}

// cleaned: a command of after_stop has ended. A failure is said, and the next one runs: they
// put things in order.
func (u *unit) cleaned(m *Machine, event Event) {
	if fault := u.hookFault(event.(Hooked)); fault != "" && !(u.hook.killed && m.shutdown.late) {
		m.say(Warn, u, fault)
	}
	o := u.hook.then
	if hurry := m.shutdown.late || m.shutdown.hurried; !hurry && u.nextHook(m) {
		return
	}
	u.hook.clear()
	u.isOver(m, o)
}

// cleansTooLong: the time of a command of after_stop is over.
func (u *unit) cleansTooLong(m *Machine, _ Event) { u.hookTick(m, (*unit).cleaned) }

// isOver: nothing of the run is left.
func (u *unit) isOver(m *Machine, o over) {
	switch o.kind {
	case hasDied:
		u.endRun(m)
		u.judge(m, o.well, o.stays, o.what)
	case wasRefused:
		u.endRun(m)
		if u.replaced(m, o.what) {
			return
		}
		if o.passing {
			u.restartOr(m, Warn, o.what, u.becomeFailed)
			return
		}
		u.judge(m, false, false, o.what)
	case wasStopped:
		u.isDown(m, o.what)
	}
}

// redirect: a request or a reload decides what becomes of a unit in Cleaning, and not the way
// in which its run ended.
func (u *unit) redirect() {
	if u.state == service.Cleaning {
		u.hook.then.kind = wasStopped
	}
}

// afterStopEnv is what the commands of after_stop are told.
func (u *unit) afterStopEnv(m *Machine) []string {
	code, sig := strconv.Itoa(u.exit.Code), ""
	if u.exit.Signal != 0 {
		code, sig = "", u.exit.Signal.String()
	}
	reason := u.hook.then.what
	if u.hook.then.kind == wasStopped {
		if reason = u.whyStopped(m); reason == "asked to" {
			reason = "asked to stop"
		}
	}
	gaveUp := "0"
	if m.willGiveUp(u) {
		gaveUp = "1"
	}
	return []string{
		"SEXTON_EXIT_CODE=" + code, "SEXTON_EXIT_SIGNAL=" + sig, "SEXTON_REASON=" + proc.Visible(reason),
		fmt.Sprintf("SEXTON_RESTARTS=%d", max(0, u.begun-1)), "SEXTON_GAVE_UP=" + gaveUp,
	}
}

// willGiveUp tells whether the end of a unit in Cleaning is the last that give_up allows.
func (m *Machine) willGiveUp(u *unit) bool {
	if !m.keeping() || !u.wanted || u.leaving != 0 || !u.givesUp() {
		return false
	}
	o, fails := u.hook.then, false
	switch o.kind {
	case hasDied:
		fails = !(u.spec.OneShot && o.well) && (u.spec.Restart == service.Always && (!o.well || o.stays) || u.spec.Restart == service.OnFailure && !o.well)
	case wasRefused:
		fails = o.passing || u.spec.Restart != service.Never
	case wasStopped:
		fails = u.failing != "" && !u.lost && u.spec.Restart != service.Never
	}
	return fails
}
