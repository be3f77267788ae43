package pid1

import (
	"fmt"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// perform does one thing that the machine orders.
func (p *PID1) perform(action machine.Action) {
	switch a := action.(type) {
	case machine.Spawn:
		p.begin(a)
	case machine.Prepare:
		p.prepare(a)
	case machine.CallOff:
		p.callOff(a.Run)
	case machine.Signal:
		p.signal(a)
	case machine.ContinueIfStopped:
		p.continueIfStopped(a)
	case machine.Widen:
		p.widen(a.Run)
	case machine.Watch:
		if child := p.runs[a.Run]; child != nil {
			p.watched[a.Run] = p.Kernel.Hold(child.pid)
		}
	case machine.Discard:
		p.discard(a.Run)
	case machine.RunHook:
		p.runHook(a)
	case machine.StopHook:
		p.stopHook(a.Run, a.Seq)
	case machine.Gather:
		p.lookAtTree(a.Run, a.Scope)
	case machine.Probe:
		p.startProbe(a)
	case machine.StopProbe:
		p.stopProbe(a.Run)
	case machine.Sweep:
		p.orderSweep(a)
	case machine.WatchConnections:
		p.watchConnections(a.On)
	case machine.Break:
		p.Output.Break(a.Service)
	case machine.Reopen:
		p.Output.Reopen()
	case machine.ReadAgain:
		p.Owner.ReadAgain(a.From)
	case machine.Adopt:
		p.adopt(a.Plan)
	case machine.Forget:
		p.forget(a.Service)
	case machine.Suspend:
		p.Kernel.Suspend()
	case machine.Say, machine.Summarize:
		if p.machine.Over() {
			p.lastWords = append(p.lastWords, a) // they come behind what the services wrote
		} else {
			p.say(a)
		}
	case machine.Leave:
		p.leave()
	default:
		panic(fmt.Sprintf("the action %T cannot be performed", action))
	}
}

func (p *PID1) orderSweep(a machine.Sweep) {
	if a.StraysOnly {
		p.signalStrays(a.Signal)
	} else {
		p.sweep.order(a.Signal)
	}
}

// begin makes a start, or first looks at the file of its probe.
func (p *PID1) begin(a machine.Spawn) {
	h, spec := p.specFor(a)
	if start := (ordered{a, h, spec}); spec.Ready.Kind == service.FileProbe && p.LookAt != nil {
		p.lookFirst(start)
	} else {
		p.spawn(start)
	}
}

func (p *PID1) continueIfStopped(a machine.ContinueIfStopped) {
	if child := p.runs[a.Run]; child != nil && p.Kernel.Stopped(child.pid) {
		_ = p.Kernel.Signal(child.pid, a.Scope, proc.CONT)
	}
}

// say performs what is for people to read.
func (p *PID1) say(words machine.Action) {
	switch a := words.(type) {
	case machine.Say:
		p.Output.Say(a.Level, a.Service, a.Text)
	case machine.Summarize:
		p.summary = a.Summary
		if p.Plan.Init.Lines == service.AllLines {
			p.Output.Sum(a.Summary)
		}
	}
}

// leave ends what works beside the loop.
func (p *PID1) leave() {
	p.watchConnections(false)
	p.watchClock(false)
	for _, w := range p.preparing {
		w.call()
	}
	for run := range p.probes {
		p.stopProbe(run)
	}
	for _, c := range p.runs {
		c.hush()
	}
}
