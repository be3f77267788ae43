package pid1

import "time"

// lookAtMost is the longest look at the processes that are left, and one in lookShare the part
// of the remaining time that it may take: a fork bomb can make such a look last for many
// seconds, and we must be gone in time. A process that was not seen is not named and gets no
// TERM; KILL reaches all.
const (
	lookAtMost = 250 * time.Millisecond
	lookShare  = 8

	// lookShareRunning is the same part of the grace, before the end has begun.
	lookShareRunning = 40
)

// lookLeft is the time that is left for looks in this turn.
func (p *PID1) lookLeft() time.Duration {
	if p.lookUntil == 0 {
		p.lookUntil = p.now() + p.lookFor()
	}
	return max(0, p.lookUntil-p.now())
}

func (p *PID1) lookFor() time.Duration {
	if by, ok := p.machine.LeaveBy(); ok {
		return min(lookAtMost, max(0, by-p.now())/lookShare)
	}
	if grace := p.Plan.Init.Grace; grace > 0 { // a client or a signal may ask for the end while we look
		return min(lookAtMost, grace/lookShareRunning)
	}
	return lookAtMost
}
