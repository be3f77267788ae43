package pid1

import (
	"sexton/machine"
	"sexton/proc"
	"sexton/reaper"
)

// Dead children.

// collect reaps a turn's worth of dead children.
func (p *PID1) collect() {
	more, err := reaper.Collect(p.Kernel, p.bury, p.gone)
	if err != nil {
		p.Output.Say(machine.Error, "", err.Error())
	}
	p.moreDead = more
}

// bury deals with a dead child while its number is still its own.
func (p *PID1) bury(dead proc.Dead) {
	p.answerAlive()
	known := p.processes[dead.PID]
	dead.Exit.OOM = p.outOfMemory(dead.Exit) // whoever it was: it is nobody else's any more
	switch {
	case known == nil:
		if p.NameOrphan != nil {
			p.NameOrphan(dead, p.Kernel.NameOf(dead.PID))
		}
	case known.probe == 0:
		p.takeAnswers() // its start must be known before its end
		p.Output.Died(p.Plan.Services[known.spec].Name)
		behind, stays := p.behind(known, dead.Exit)
		p.take(machine.Exited{Run: known.run, Exit: dead.Exit, Usage: dead.Usage, Behind: behind, Stays: stays})
	default: // what a probe leaves behind is nobody's
		_ = p.Kernel.Signal(dead.PID, proc.Group, proc.KILL)
	}
}

// gone deals with a child whose number may belong to somebody else by now.
func (p *PID1) gone(dead proc.Dead) {
	known := p.processes[dead.PID]
	delete(p.kin, dead.PID)
	delete(p.guessed, dead.PID)
	if known == nil {
		p.counts.Orphans++
		if p.told[dead.PID] {
			delete(p.told, dead.PID)
			p.answers = append(p.answers, machine.LeftEnded{PID: dead.PID})
		}
		return
	}
	p.counts.Reaped++
	delete(p.processes, dead.PID)
	if known.probe != 0 {
		p.execProbeEnded(known, dead.Exit)
		return
	}
	delete(p.runs, known.run)
	if p.watched[known.run] == nil {
		delete(p.trees, known.run)
	}
	delete(p.marks, known.run)
	p.Output.Ended(known.run)
	if known.pid == p.holder {
		p.takeTerminalBack()
	}
}
