package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/reaper"
	"sexton/service"
)

// leaveWithoutMachine is the fallback when the machine is broken: it says what is wrong, writes
// the last events, sends TERM to everything, then KILL, and returns the exit status.
func (p *PID1) leaveWithoutMachine(cause any) int {
	p.Output.Say(machine.Error, "", fmt.Sprintf("internal error: %v; stopping everything; please report it with these lines:", cause))
	for _, line := range p.recent.lines() {
		p.Output.Say(machine.Error, "", line)
	}
	grace := p.Plan.Init.Grace
	if grace <= 0 {
		grace = 6 * time.Second
	}
	leaveBy := p.now() + grace
	if by, ok := p.machine.LeaveBy(); ok { // the end had begun, and the runtime counts from its beginning
		leaveBy = by
	}
	reserve := service.Reserve(grace)
	p.endRest(proc.TERM, leaveBy-reserve)
	p.endRest(proc.KILL, leaveBy-reserve/2)
	p.summary = service.Summary{Status: exitInternal, Reason: fmt.Sprintf("internal error: %v", cause)}
	most := outputTime(leaveBy-p.now(), grace)
	p.Output.Flush(min(flushMax, most), most, func() {})
	return exitInternal
}

// endRest signals everything that is left, and waits until nothing is, or until by.
func (p *PID1) endRest(sig proc.Signal, by machine.Instant) {
	p.Kernel.SignalAll(sig)
	for p.now() < by && p.Kernel.SignalAll(0) {
		p.Kernel.Wait(min(watchEvery, by-p.now()))
		_, _ = reaper.Collect(p.Kernel, func(proc.Dead) {}, func(proc.Dead) {})
	}
}
