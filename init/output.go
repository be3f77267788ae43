package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Output carries what services write, and what we have to say. No method may
// block but Flush.
type Output interface {
	// Open completes the descriptors 0, 1 and 2 of a run of a service: it is given
	// those that the run has where the file says nothing, -1 for none. They are
	// ours until started closes our copies, whether or not there was a start; it is told the
	// PID, 0 for no start. For
	// a service with a terminal of its own (service.Spec.PTY) that is what it gives for 1.
	Open(service string, run service.Run, files [3]int) (full [3]int, started func(proc.PID), err error)
	// Died has what a service wrote before its end stand before what is said next. It
	// is called when a run's first process has ended.
	Died(service string)
	// Ended closes what was kept open for as long as the run's first process is there,
	// when that has ended, or was not started.
	Ended(run service.Run)
	// Lack says before the first Open that there are so many threads fewer than
	// Config.MoreThreads asked for.
	Lack(threads int)
	// Reopen opens log files again by their names.
	Reopen()
	// Resize takes over a new size of our terminal's window.
	Resize()
	// Break has what a service writes to its stdout fail: its reader will not be
	// started again.
	Break(writer string)
	// ClosePipeline lets the reader of a service's stdout see its end, once the service has
	// ended: it will not be started again.
	ClosePipeline(writer string)
	// Say is one line of our own.
	Say(level machine.Level, service, text string)
	// Sum is the line of our own that tells how everything ended.
	Sum(s service.Summary)
	// Flush writes out what has been written to us: for as long as that gets on, but
	// at most so long, and no longer than stalled when it does not. last says our
	// last words, which stand behind all that.
	Flush(stalled, most time.Duration, last func())
}

// Listener takes what one attempt of an exec probe writes. See probe.Output.
type Listener interface {
	FD() int     // for the attempt's descriptors 1 and 2
	Started()    // closes our copy of FD
	End() string // the last line that was written
}
