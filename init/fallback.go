package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/reaper"
	"sexton/service"
)

// leaveWithoutMachine is the small fallback for a broken brain: it says what
// is wrong, writes down the last events, asks everything to end, kills it, and
// goes.
func (p *PID1) leaveWithoutMachine(cause any) int {
	p.Output.Say(machine.Error, "", fmt.Sprintf("internal error: %v; stopping everything; please report it with these lines:", cause))
	for _, line := range p.recent.lines() {
		p.Output.Say(machine.Error, "", line)
	}
	patience := p.Plan.Init.Grace - service.Reserve(p.Plan.Init.Grace)
	if patience <= 0 {
		patience = 5 * time.Second
	}
	for _, sig := range []proc.Signal{proc.TERM, proc.KILL} {
		p.Kernel.SignalRest(sig)
		for by := p.now() + patience; p.now() < by && p.Kernel.SignalRest(0); {
			p.Kernel.Wait(watchEvery)
			_, _ = reaper.Collect(p.Kernel, func(proc.Dead) {}, func(proc.Dead) {})
		}
		patience = time.Second
	}
	p.summary = service.Summary{Status: exitInternal, Reason: fmt.Sprintf("internal error: %v", cause)}
	p.Output.Drain(drainMax, drainMax, func() {})
	return exitInternal
}
