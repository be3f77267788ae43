package pid1

import (
	"time"

	"sexton/proc"
	"sexton/reaper"
)

// Kernel is what the loop needs of the kernel. kernel.Linux is the real one.
type Kernel interface {
	reaper.Waiter

	// Wait waits for signals, for deaths of children and for Wake, at most so
	// long, less than zero for ever. See kernel.Linux.
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
	// SignalAll signals everything that is left, 0 only asks, and tells
	// whether there was anybody.
	SignalAll(sig proc.Signal) bool
	// Others lists everything that SignalAll reaches, the dead left out; nil
	// where nobody can be seen. As the first process it looks for so long at most, and
	// then lists those that it has seen.
	Others(most time.Duration) []proc.Other
	// ServiceOf is the service that a process descends from, by its environment; ""
	// where that does not say it.
	ServiceOf(pid proc.PID) string
	// Children are our own, Below those that descend from others; Look is one process as it
	// is, and UserOf its user. Listening tells which listen at a socket: see kernel.Linux.
	Children() (pids []proc.PID, ok bool)
	Below(roots []proc.PID, most time.Duration) []proc.Other
	Look(pid proc.PID) (o proc.Other, alive bool)
	UserOf(pid proc.PID) int
	Listening(pids []proc.PID, most time.Duration) map[proc.PID]bool
	// SignalOther signals one of Others, if it still is that process.
	SignalOther(o proc.Other, sig proc.Signal)
	// Connections counts new ones: see kernel.Linux.
	Connections() func() (int, error)
	// OutOfMemory counts how many of the container the kernel has killed for want of
	// memory since it was asked last.
	OutOfMemory() int
	// First tells whether orphans come to us by themselves; otherwise
	// AdoptOrphans is needed.
	First() bool
	AdoptOrphans() error
	// Suspend stops us until somebody continues us.
	Suspend()
	// FindTerminal, OnTerminal, GiveUpTerminal, GiveTerminal, HoldsTerminal and TakeBack: see kernel.Linux.
	FindTerminal() (proc.Terminal, bool)
	OnTerminal() bool
	GiveUpTerminal(t proc.Terminal) bool
	GiveTerminal(t proc.Terminal, child proc.PID) bool
	HoldsTerminal(t proc.Terminal, holder proc.PID) bool
	TakeBack(t proc.Terminal, holder proc.PID)
	// LeaveNothingOpen drops what we inherited beside 0, 1 and 2.
	LeaveNothingOpen()
	// ReserveThreads keeps the loop on its thread and makes sure that n others stand ready.
	ReserveThreads(n int) int
	// SkipTo passes over the numbers of processes below first. See kernel.Linux.
	SkipTo(first proc.PID)
	// Trim gives back memory that only the start needed.
	Trim()
	// NameOf is what a process calls itself, "" if that is not known.
	NameOf(pid proc.PID) string
}
