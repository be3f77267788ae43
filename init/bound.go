package pid1

import "time"

// lookAtMost is how long we look at most for who is left, and lookShare the share of
// the time that is left which that may take: a fork bomb can make such a look last
// for many seconds, and we must be gone in time. Who was not seen is not named, and
// gets no TERM; KILL reaches everybody.
const (
	lookAtMost = 250 * time.Millisecond
	lookShare  = 8

	// lookShareRunning is the share of the grace that a look may take before the end has begun.
	lookShareRunning = 40
)

// lookLeft is what is left of the time for looking in this turn of the loop.
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
	if grace := p.Plan.Init.Grace; grace > 0 { // the end may be asked for while we look
		return min(lookAtMost, grace/lookShareRunning)
	}
	return lookAtMost
}
