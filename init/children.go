package pid1

import (
	"sexton/machine"
	"sexton/proc"
	"sexton/reaper"
	"sexton/service"
)

// Every process that we start is a child with a role. All are in one table, from their start
// until they are reaped, and are started, killed and counted in one way. The machine times
// all of them: at a deadline it orders a Signal to a run, or StopProbe.

// role is what a child is for: the process of a service, an attempt of an exec probe, or a hook.
type role interface {
	// died is told of the child's death while it is a zombie: its number and its group are
	// still its own.
	died(p *PID1, c *child, dead proc.Dead)
	// reaped is told of it afterwards, when the number may belong to another process.
	reaped(p *PID1, c *child, dead proc.Dead)
}

// child is a process that we started.
type child struct {
	role
	pid     proc.PID
	run     service.Run   // the run that it is, or that it asks
	handle  *handle       // the run's service
	spec    *service.Spec // as it was when it started
	command *proc.Command // how it was started; nil once a service without exec probe has started
	started machine.Instant

	silence func() // ends what the run says of itself (hush); nil: it has ended, or the run never says anything

	signalRefused bool // we have said that we may not signal it

	looks   int          // how often we have looked for the servers behind it
	servers []proc.Other // it is a wrapper: these listen for it
}

// serves tells whether the child is the first process of a service's run.
func (c *child) serves() bool { return c.role == serving{} }

// start starts a child by its command and enters it in the table. opened is called with
// the PID, 0 for no start, to close our copies of the child's descriptors.
func (p *PID1) start(c *child, opened func(proc.PID)) *proc.SpawnError {
	pid, err := p.Kernel.Spawn(c.command)
	opened(pid)
	p.answerAlive()
	if err != nil {
		p.counts.Refused++
		return asSpawnError(err)
	}
	p.counts.Starts++
	c.pid, c.started = pid, p.now()
	p.children[pid] = c
	return nil
}

// kill sends KILL to a child and its group, if it has not been reaped.
func (p *PID1) kill(c *child) {
	if p.children[c.pid] == c {
		_ = p.Kernel.Signal(c.pid, proc.Group, proc.KILL)
	}
}

// collect reaps a turn's worth of dead children.
func (p *PID1) collect() {
	more, err := reaper.Collect(p.Kernel, p.bury, p.gone)
	if err != nil {
		p.Output.Say(machine.Error, "", err.Error())
	}
	p.moreDead = more
}

// bury deals with a dead process while its number is still its own.
func (p *PID1) bury(dead proc.Dead) {
	p.answerAlive()
	dead.Exit.OOM = p.outOfMemory(dead.Exit) // also of an orphan: the next death must not get it
	if c := p.children[dead.PID]; c != nil {
		c.died(p, c, dead)
	} else if p.NameOrphan != nil {
		p.NameOrphan(dead, p.Kernel.NameOf(dead.PID))
	}
}

// gone deals with a dead process whose number may belong to another one by now.
func (p *PID1) gone(dead proc.Dead) {
	delete(p.kin, dead.PID)
	delete(p.guessed, dead.PID)
	c := p.children[dead.PID]
	if c == nil {
		p.counts.Orphans++
		if p.strays.ended(dead.PID) {
			p.answers = append(p.answers, machine.StrayEnded{PID: dead.PID})
		}
		return
	}
	p.counts.Reaped++
	delete(p.children, dead.PID)
	c.reaped(p, c, dead)
}
