package pid1

import (
	"errors"
	"io/fs"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// The first processes of services.

// serving is the role of the first process of a service's run.
type serving struct{}

// ordered is a start as the machine has ordered it: a reload may come before it is made.
type ordered struct {
	machine.Spawn
	handle *handle
	spec   *service.Spec
}

// spawn starts a run. The answer is queued, never taken inside the turn that
// ordered it.
func (p *PID1) spawn(a ordered) {
	handle, spec := a.handle, a.spec
	defer p.release(spec, a.Run)
	command, err := p.Owner.Command(spec, a.Run)
	if err != nil {
		p.counts.Refused++
		p.refuseStart(a, err, false)
		return
	}
	says, err := p.listen(a, &command)
	if err != nil {
		p.refuseStart(a, err, true)
		return
	}
	command.Foreground, command.Files = -1, [3]int{-1, 1, 2}
	if spec.TTY || spec.Name == p.Plan.Init.Main {
		command.Files[0] = 0
	}
	command.Session = p.ownSession(spec)
	gives := spec.TTY && p.hasTerminal && p.Kernel.HoldsTerminal(p.terminal, p.holder)
	if gives {
		command.Foreground, command.TakeTerminal = p.terminal.FD, command.Session
	}
	files, started, err := p.Output.Open(spec, a.Run, command.Files)
	if err != nil {
		says.Close()
		p.refuseStart(a, err, true)
		return
	}
	command.Files = files
	if spec.PTY {
		command.Foreground, command.TakeTerminal = files[1], true
	}
	command.Heir = p.Plan.Init.Heir && !p.dropped
	child := &child{role: serving{}, run: a.Run, handle: handle, spec: spec, command: &command, silence: says.Close}
	failed := p.start(child, started)
	if says.Started(); failed != nil {
		says.Close()
		p.Output.Ended(a.Run)
		p.answers = append(p.answers, p.notStarted(a.Run, failed))
		return
	}
	if spec.Ready.Kind != service.ExecProbe && spec.Healthy.Kind != service.ExecProbe {
		child.command = nil // a thousand environments are a megabyte
	}
	p.planLook(child)
	if spec.MaxMemory > 0 {
		p.watchMemory()
	}
	handle.ranAs = command.Credential
	p.runs[a.Run] = child
	if !p.trimmed && p.now() < bootMost {
		p.busyAt = p.now()
	}
	if gives {
		p.holder = child.pid
	}
	p.answers = append(p.answers, machine.Started{Run: a.Run, PID: child.pid})
	p.dropped = true // an heir has got what we inherited
}

// notStarted says why the kernel has not started a run.
func (p *PID1) notStarted(run service.Run, failed *proc.SpawnError) machine.StartFailed {
	answer := machine.StartFailed{Run: run, Err: failed.Error(), Status: spawnErrorStatus(failed), Passing: failed.Passing}
	if p.SpawnStatus != nil {
		answer.Status, answer.Passing = p.SpawnStatus(failed), false
	}
	return answer
}

// refuseStart answers a start for which no process was made. passing: it may succeed later.
func (p *PID1) refuseStart(a ordered, err error, passing bool) {
	p.answers = append(p.answers, machine.StartFailed{Run: a.Run, Err: err.Error(), Status: service.ExitCannotRun, Passing: passing})
}

// died tells the machine, which may order signals to the run's group: the zombie still holds
// its number.
func (serving) died(p *PID1, c *child, dead proc.Dead) {
	p.takeAnswers() // its start must be known before its end
	p.Output.Died(c.spec.Name)
	behind, stays := p.behind(c, dead.Exit)
	p.take(machine.Exited{Run: c.run, Exit: dead.Exit, Usage: dead.Usage, Behind: behind, Stays: stays})
}

// reaped forgets the run, but for what is left of its tree.
func (serving) reaped(p *PID1, c *child, _ proc.Dead) {
	delete(p.runs, c.run)
	if p.watched[c.run] == nil {
		delete(p.trees, c.run)
	}
	delete(p.marks, c.run)
	c.hush()
	p.Output.Ended(c.run)
	if c.pid == p.holder {
		p.takeTerminalBack()
	}
}

// signal sends a signal to a run: to its process or group while its first
// process is ours, alive or a zombie, and through the hold on its group
// afterwards, and with proc.Tree or proc.Core to what has left the group. A run that has
// neither is passed over.
func (p *PID1) signal(a machine.Signal) {
	if from := p.specOf(a.Run, a.Service).StdinFrom; from != "" {
		if _, stopping := p.machine.LeaveBy(); stopping {
			p.Output.ClosePipeline(from)
		}
	}
	p.counts.Sent++
	if a.Scope == proc.Tree || a.Scope == proc.Core {
		p.signalHook(a.Run, a.Signal)
		p.signalTree(a)
		return
	}
	p.nameKilled(a, nil)
	p.signalGroupOf(a)
}

// signalGroupOf sends a signal to a run's group, or to its first process alone.
func (p *PID1) signalGroupOf(a machine.Signal) {
	if a.Scope != proc.Single {
		a.Scope = proc.Group
	}
	if child := p.runs[a.Run]; child != nil {
		var err error
		if a.Queued {
			err = p.Kernel.Queue(child.pid, a.Scope, a.Signal, a.Value)
		} else {
			err = p.Kernel.Signal(child.pid, a.Scope, a.Signal)
		}
		switch {
		case errors.Is(err, proc.ErrQueueFull):
			p.unforwarded.count(a.Service)
		case errors.Is(err, fs.ErrPermission) && !child.signalRefused:
			child.signalRefused = true
			p.Output.Say(machine.Warn, a.Service, err.Error()+": it runs as another user, and sexton does not have CAP_KILL")
		case err != nil:
			p.Output.Say(machine.Debug, a.Service, err.Error())
		}
		return
	}
	p.signalGroup(a.Run, a.Signal)
}

// spawnErrorStatus is what a shell would exit with: 127 for a command that is
// not there, 126 for one that cannot be run. No process at all is not the command's fault.
func spawnErrorStatus(failed *proc.SpawnError) int {
	switch {
	case failed.NotFound:
		return service.ExitNotFound
	case failed.Stage == "fork":
		return exitInternal
	}
	return service.ExitCannotRun
}

func asSpawnError(err error) *proc.SpawnError {
	var failed *proc.SpawnError
	if errors.As(err, &failed) {
		return failed
	}
	return &proc.SpawnError{Stage: "start", Err: err}
}
