package machine

import (
	"fmt"

	"sexton/service"
)

// eventKind names the columns of the table.
type eventKind uint8

const (
	kindPrepared eventKind = iota
	kindStarted
	kindStartFailed
	kindExited
	kindEmptied
	kindHooked
	kindReady
	kindNotReady
	kindTicked
	kindAskStart
	kindAskRun
	kindDue
	kindAskStop
	kindOutgrown
	kindCount
)

func (k eventKind) String() string {
	return [...]string{"prepared", "started", "startFailed", "exited", "emptied", "hooked", "ready", "notReady", "ticked", "askStart", "askRun", "due", "askStop", "outgrown"}[k]
}

// step is one cell: what event does to a unit.
type step func(u *unit, m *Machine, event Event)

// table says what every event does in every state. ignore means that the event is harmless
// there, broken that it cannot happen unless the program has a bug. testdata/table.golden
// shows it as a table.
var table = [service.StateCount][kindCount]step{
	service.Down: {
		kindPrepared:    broken,
		kindStarted:     broken, // no run
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      broken, // no deadline
		kindAskStart:    (*unit).startAgain,
		kindAskRun:      (*unit).runNow,
		kindDue:         ignore,
		kindAskStop:     ignore,
		kindOutgrown:    broken,
	},
	service.Waiting: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      broken,
		kindAskStart:    ignore,
		kindAskRun:      ignore,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).stayDown,
		kindOutgrown:    broken,
	},
	service.Starting: {
		kindPrepared:    (*unit).nowPrepared,
		kindStarted:     (*unit).nowRunning,
		kindStartFailed: (*unit).startRefused,
		kindExited:      (*unit).died,
		kindEmptied:     broken, // Watch is said in Stopping and Killing only
		kindHooked:      (*unit).startHookEnded,
		kindReady:       (*unit).nowReady,
		kindNotReady:    (*unit).notYetReady,
		kindTicked:      (*unit).startDeadline,
		kindAskStart:    ignore,
		kindAskRun:      (*unit).runAgain,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).askedDown,
		kindOutgrown:    (*unit).outgrown,
	},
	service.Up: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      (*unit).died,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       (*unit).stillUp, // only the probe of an external service goes on
		kindNotReady:    (*unit).missed,
		kindTicked:      broken,
		kindAskStart:    ignore,
		kindAskRun:      ignore,
		kindDue:         ignore,
		kindAskStop:     (*unit).askedDown,
		kindOutgrown:    (*unit).outgrown,
	},
	service.Stopping: {
		kindPrepared:    (*unit).latePreparation,
		kindStarted:     (*unit).lateStart,
		kindStartFailed: (*unit).lateRefusal,
		kindExited:      (*unit).leaderEnded,
		kindEmptied:     (*unit).emptied,
		kindHooked:      (*unit).stopHookEnded,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      (*unit).nextRung,
		kindAskStart:    (*unit).wantedAfterStop,
		kindAskRun:      (*unit).wantedAfterStop,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).noLongerWanted,
		kindOutgrown:    ignore,
	},
	service.Killing: {
		kindPrepared:    (*unit).latePreparation,
		kindStarted:     (*unit).lateStart,
		kindStartFailed: (*unit).lateRefusal,
		kindExited:      (*unit).leaderEnded,
		kindEmptied:     (*unit).emptied,
		kindHooked:      (*unit).stopHookEnded,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      (*unit).stillThere,
		kindAskStart:    (*unit).wantedAfterStop,
		kindAskRun:      (*unit).wantedAfterStop,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).noLongerWanted,
		kindOutgrown:    ignore,
	},
	service.Cleaning: {
		kindPrepared:    broken, // its processes are gone
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      (*unit).cleaned,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      (*unit).cleansTooLong,
		kindAskStart:    (*unit).wantedAfterStop,
		kindAskRun:      (*unit).wantedAfterStop,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).noLongerWanted,
		kindOutgrown:    ignore,
	},
	service.BackingOff: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      (*unit).becomeWaiting,
		kindAskStart:    (*unit).startAgain,
		kindAskRun:      (*unit).startAgain,
		kindDue:         (*unit).overlaps,
		kindAskStop:     (*unit).stayDown,
		kindOutgrown:    broken,
	},
	service.Done: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      broken,
		kindAskStart:    (*unit).startAgain,
		kindAskRun:      (*unit).runNow,
		kindDue:         ignore,
		kindAskStop:     (*unit).stayDown,
		kindOutgrown:    broken,
	},
	service.Failed: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      broken,
		kindAskStart:    (*unit).startAgain,
		kindAskRun:      (*unit).runNow,
		kindDue:         ignore,
		kindAskStop:     (*unit).stayDown,
		kindOutgrown:    broken,
	},
	service.Scheduled: {
		kindPrepared:    broken,
		kindStarted:     broken,
		kindStartFailed: broken,
		kindExited:      broken,
		kindEmptied:     broken,
		kindHooked:      broken,
		kindReady:       broken,
		kindNotReady:    broken,
		kindTicked:      (*unit).becomeWaiting,
		kindAskStart:    ignore,
		kindAskRun:      (*unit).runNow,
		kindDue:         (*unit).due,
		kindAskStop:     (*unit).stayDown,
		kindOutgrown:    broken,
	},
}

func ignore(*unit, *Machine, Event) {}

// broken is the cell of what cannot happen. The loop catches the panic, writes down what
// led to it, and leaves politely.
func broken(u *unit, _ *Machine, event Event) {
	panic(fmt.Sprintf("%s: %T while %v", u.spec.Name, event, u.state))
}
