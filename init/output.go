package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Output carries what services write, and our own lines. Only Flush may block.
type Output interface {
	// Open completes the descriptors 0, 1 and 2 of a run. files are those that the run has
	// where the file says nothing, -1 for none. The caller calls started after the start,
	// with the PID or 0 for a failed start, to close our copies. For a service with a terminal
	// of its own (service.Spec.PTY), descriptor 1 is that terminal.
	Open(spec *service.Spec, run service.Run, files [3]int) (full [3]int, started func(proc.PID), err error)
	// OpenHook is the same for a hook of the service.
	OpenHook(spec *service.Spec, run service.Run) (HookOutput, error)
	// Died is called when a run's first process has ended: what the service wrote before
	// comes before our next line.
	Died(service string)
	// Ended is called when a run's first process has been reaped, or was not started. It
	// closes what was kept open for that process.
	Ended(run service.Run)
	// Lack tells, before the first Open, how many of the threads that Config.MoreThreads
	// asked for are missing.
	Lack(threads int)
	// Reopen opens log files again by their names.
	Reopen()
	// Resize passes on the new size of our terminal's window.
	Resize()
	// Break makes the writes of a service to its stdout fail, because the service that reads
	// it will not be started again.
	Break(writer string)
	// ClosePipeline ends a service's stdout for its reader once the service has ended, because
	// it will not be started again.
	ClosePipeline(writer string)
	// Say is one line of our own.
	Say(level machine.Level, service, text string)
	// Sum is our own line that tells how everything ended.
	Sum(s service.Summary)
	// Flush writes what is left of the output. It takes at most the time most, and gives up
	// earlier when nothing has moved for the time stalled. Then it calls last, which says our
	// last lines.
	Flush(stalled, most time.Duration, last func())
}

// HookOutput is where the output of a hook goes.
type HookOutput struct {
	Files    [3]int         // a hook reads nothing
	Started  func(proc.PID) // see Open
	LastLine func() string  // the last line that the hook wrote; it waits a moment for the end of the output, so it is called beside the loop
	Wait     bool           // what comes after the hook writes to our own descriptors: it must wait for LastLine
}

// Listener reads what one attempt of an exec probe writes. See probe.Output.
type Listener interface {
	FD() int     // for the attempt's descriptors 1 and 2
	Started()    // closes our copy of FD
	End() string // the last line that was written
}
