package pid1

import (
	"time"

	"sexton/proc"
	"sexton/reaper"
)

// Kernel is what the loop needs of the kernel. kernel.Linux is the real one.
type Kernel interface {
	reaper.Waiter

	// Wait waits for signals, for deaths of children and for Wake, at most for the time
	// given; a negative time means no limit. See kernel.Linux.
	Wait(atMost time.Duration) proc.News
	Wake()
	// Spawn starts a process; a *proc.SpawnError says why not.
	Spawn(c *proc.Command) (proc.PID, error)
	// Signal and Queue send a signal to a child, or to the group it leads.
	Signal(pid proc.PID, scope proc.Scope, sig proc.Signal) error
	Queue(pid proc.PID, scope proc.Scope, sig proc.Signal, value uint64) error
	// Stopped tells whether a child has been stopped (SIGSTOP, Ctrl-Z).
	Stopped(pid proc.PID) bool
	// Hold keeps hold of a zombie's group beyond its reaping.
	Hold(pid proc.PID) proc.Hold
	// SignalAll signals every process that is left and tells whether there was one; signal
	// 0 only asks.
	SignalAll(sig proc.Signal) bool
	// Others lists the living processes that SignalAll reaches; nil where /proc cannot be
	// read. As the first process it stops after the time given and lists what it has seen.
	Others(most time.Duration) []proc.Other
	// ServiceOf is the service that a process names in its environment; "" for none.
	ServiceOf(pid proc.PID) string
	// Children lists our own children, Below the descendants of roots. Look shows one process
	// as it is now, UserOf its user. Listening tells which processes listen at a socket. See
	// kernel.Linux.
	Children() (pids []proc.PID, ok bool)
	Below(roots []proc.PID, most time.Duration) []proc.Other
	Look(pid proc.PID) (o proc.Other, alive bool)
	UserOf(pid proc.PID) int
	Listening(pids []proc.PID, most time.Duration) map[proc.PID]bool
	// SignalOther signals one of Others if its number still belongs to the same process.
	SignalOther(o proc.Other, sig proc.Signal)
	// Connections returns a function that counts new connections: see kernel.Linux.
	Connections() func() (int, error)
	// OutOfMemory counts the processes of the container that the kernel has killed for want
	// of memory since the last call.
	OutOfMemory() int
	// First tells whether we are the first process, to which orphans come by themselves.
	// Otherwise AdoptOrphans is needed.
	First() bool
	AdoptOrphans() error
	// Suspend stops our own process until it gets CONT.
	Suspend()
	// FindTerminal, OnTerminal, GiveUpTerminal, GiveTerminal, HoldsTerminal and TakeBack: see kernel.Linux.
	FindTerminal() (proc.Terminal, bool)
	OnTerminal() bool
	GiveUpTerminal(t proc.Terminal) bool
	GiveTerminal(t proc.Terminal, child proc.PID) bool
	HoldsTerminal(t proc.Terminal, holder proc.PID) bool
	TakeBack(t proc.Terminal, holder proc.PID)
	// LeaveNothingOpen closes the inherited descriptors above 2.
	LeaveNothingOpen()
	// ReserveThreads keeps the loop on its thread, makes up to n other threads, and returns
	// how many there are.
	ReserveThreads(n int) int
	// SkipTo skips the process numbers below first. See kernel.Linux.
	SkipTo(first proc.PID)
	// Trim gives back memory that only the start needed; heap: that of the collector too.
	Trim(heap bool)
	// NameOf is the name of a process; "" if it is not known.
	NameOf(pid proc.PID) string
}
