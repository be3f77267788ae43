// Package kernel is Linux, as an init needs it. It is thin: no policy, no logging, no retry after a failure but EINTR. Every
// error names the operation and its object.
//
// It and the rooms in it are the only ones with assembly and package unsafe: entry (before main), signals
// (catch them), spawn (start and collect processes), procfs (read /proc) and users. What is here sends signals and
// knows the terminal.
package kernel

import (
	"time"

	"sexton/kernel/entry"
	"sexton/kernel/procfs"
	"sexton/kernel/signals"
	"sexton/kernel/spawn"
	"sexton/proc"
)

// Linux is the real kernel. A process has one of it, and one goroutine that
// waits; the other methods may be called by any.
type Linux struct {
	signals.Catcher
	spawn.Spawner
	procfs.View

	groups     map[proc.PID]bool // by anyAlive: whether a member lived when it was looked
	groupsSeen time.Time         // last
}

// Trim is entry.Trim.
func (*Linux) Trim() { entry.Trim() }
