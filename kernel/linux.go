// Package kernel is Linux, as an init needs it: catching signals, starting
// processes, signalling and reaping them, the terminal, the subreaper bit. It
// is thin: no policy, no logging, no retry after a failure but EINTR. Every
// error names the operation and its object.
//
// It is the one room with system calls, assembly and package unsafe in it. What
// must be undone in a child between fork and exec is done here too, by one
// mechanism (spawn.go, child.go).
package kernel

import (
	"time"

	"sexton/proc"
)

// Linux is the real kernel. A process has one of it, and one goroutine that
// waits; the other methods may be called by any.
type Linux struct {
	queue  int // the end of the signal queue that we read from
	buffer [128 * recordBytes]byte
	caught []proc.Caught

	home string // our directory before we went to the root directory; "": we did not, or it has no name

	groups     map[proc.PID]bool // by anyAlive: whether a member lived when it was looked
	groupsSeen time.Time         // last

	oomFile   string // counts who was killed for want of memory; "": not looked for, or not there
	oomSought bool   // it was looked for
	oomKills  uint64 // as it was last
}
