// Package kernel is Linux, as an init needs it. It is thin: no policy, no logging, no retry except after EINTR. Every
// error names the operation and its object.
//
// Only this room and the rooms in it contain assembly and import package unsafe: entry (before main), signals
// (catching them), spawn (starting and reaping processes), procfs (reading /proc) and users. Package kernel itself sends
// signals and handles the terminal.
package kernel

import (
	"runtime/debug"
	"time"

	"sexton/kernel/entry"
	"sexton/kernel/procfs"
	"sexton/kernel/signals"
	"sexton/kernel/spawn"
	"sexton/proc"
)

// Linux is the real kernel. We have one. One goroutine calls
// Wait; any goroutine may call the other methods, unless they say otherwise.
type Linux struct {
	signals.Catcher
	spawn.Spawner
	procfs.View

	groups     map[proc.PID]bool // of anyAlive: whether a member of the group lived at the last look
	groupsSeen time.Time         // when that was
}

// heapGrowth is by how many percent the heap may grow between two collections once the
// services run. Go's 100 would double the memory of a thousand services for a few collections less.
const heapGrowth = 25

// Trim gives back the memory that only the start needed: the pages of our program (see
// entry.Trim) and, where heap is set, what the collector finds free.
func (*Linux) Trim(heap bool) {
	if heap {
		debug.SetGCPercent(heapGrowth)
		debug.FreeOSMemory()
	}
	entry.Trim()
}
