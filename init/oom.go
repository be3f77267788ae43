package pid1

import (
	"time"

	"sexton/machine"
	"sexton/proc"
)

// oom counts what the kernel has killed for want of memory. The kernel's counter covers all
// processes of the container, not only our children, and names none. So each kill explains
// the next death that looks like one.
type oom struct {
	kills  int             // that explain no death yet
	seen   machine.Instant // when the counter last went up
	looked machine.Instant
}

const (
	// oomKept is how long a kill may explain a death. A killed process has pages to give back
	// before it is gone; but a KILL by hand an hour later is another one.
	oomKept = 2 * time.Second
	// oomEvery is how often the counter is looked at while the loop turns.
	oomEvery = time.Second
)

// note adds the kills since the last look.
func (o *oom) note(now machine.Instant, kills int) {
	if o.looked = now; kills > 0 {
		o.expire(now)
		o.kills, o.seen = o.kills+kills, now
	}
}

func (o *oom) expire(now machine.Instant) {
	if now > o.seen+oomKept {
		o.kills = 0
	}
}

// explains tells whether a death is one of the kills. A shell whose command was killed ends
// with a status that says so.
func (o *oom) explains(now machine.Instant, exit proc.Exit) bool {
	if o.expire(now); o.kills == 0 || !killed(exit) {
		return false
	}
	o.kills--
	return true
}

func killed(exit proc.Exit) bool { return exit.Status() == proc.KILL.Status() }

// outOfMemory tells whether the kernel killed a process for want of memory.
func (p *PID1) outOfMemory(exit proc.Exit) bool {
	if !killed(exit) {
		return false
	}
	p.oom.note(p.now(), p.Kernel.OutOfMemory())
	return p.oom.explains(p.now(), exit)
}

// lookAtMemory keeps the account up to date, so that a kill of a process that is not our
// child does not explain a death much later. A lean plan's account begins
// when its process has lived for a while.
func (p *PID1) lookAtMemory() {
	if now := p.now(); now >= p.oom.looked+oomEvery && (p.trimmed || !p.Plan.Init.Lean) {
		p.oom.note(now, p.Kernel.OutOfMemory())
	}
}
