// Package reaper collects dead children: each exactly once, in the order in
// which the kernel shows them, and with a last look at each while it is a zombie and
// its number is still its own. It knows nothing of services.
package reaper

import "sexton/proc"

// TurnMax is how many children one turn collects, so that signals get a look
// in while thousands die.
const TurnMax = 64

// Waiter is what the reaper needs of the kernel.
type Waiter interface {
	// Peek reports one dead child and leaves it a zombie. ok is false when none is
	// dead, children when there is no child at all.
	Peek() (dead proc.Dead, ok, children bool, err error)
	// Reap frees the zombie that Peek has shown.
	Reap(pid proc.PID) error
}

// Collect reaps the children that are dead now, at most TurnMax of them. For
// each it calls bury first, while the zombie still holds its number and its
// process group, and gone afterwards, when it holds nothing any more. more
// tells that the turn ended before the dead did: look again soon. It never
// blocks.
//
// One SIGCHLD may stand for many deaths, and a death may have been collected
// with an earlier signal, so the number of signals says nothing (signal(7),
// "Queueing and delivery semantics for standard signals").
func Collect(w Waiter, bury func(proc.Dead), gone func(proc.Dead)) (more bool, err error) {
	for range TurnMax {
		dead, ok, _, err := w.Peek()
		if err != nil || !ok {
			return false, err
		}
		bury(dead)
		if err := w.Reap(dead.PID); err != nil {
			return false, err
		}
		gone(dead)
	}
	return true, nil
}
