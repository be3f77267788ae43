package pid1

import (
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// Hooks are commands that run before and after a service's start and stop. Each is a child in
// a session of its own, which runs as the service does. The machine orders one at a time for
// each run, and each ends with one Hooked.

// hooking is the role of such a command.
type hooking struct {
	seq    uint64
	output HookOutput
}

// hookEnded is the end of a hook, when its output is known.
type hookEnded machine.Hooked

func (e hookEnded) arrive(p *PID1) {
	p.takeAnswers()
	p.take(machine.Hooked(e))
}

// runHook starts a command. Its spec is that of its run: a start that is prepared has its
// variables, and a run that is over or running was started by it.
func (p *PID1) runHook(a machine.RunHook) {
	h := p.handles[a.Service]
	if first := a.Stage == service.BeforeStart && a.Index == 0; first {
		h.ran, h.ranAt = h.spec, a.Run
		if w := p.preparing[a.Run]; w != nil {
			h.ran = p.Owner.Filled(w.spec, a.Run)
		}
	}
	hook := &h.ran.Hooks[a.Stage][a.Index]
	refused := func(err error, status int) {
		p.answers = append(p.answers, machine.Hooked{Run: a.Run, Seq: a.Seq, Err: err.Error(), Status: status})
	}
	command, err := p.Owner.Command(h.ran.ForHook(hook), a.Run)
	if err != nil {
		p.counts.Refused++
		refused(err, service.ExitCannotRun)
		return
	}
	command.Env = append(command.Env[:len(command.Env):len(command.Env)], a.Env...)
	command.Foreground, command.Session = -1, true
	role := &hooking{seq: a.Seq}
	if role.output, err = p.Output.OpenHook(h.ran, a.Run); err != nil {
		refused(err, service.ExitCannotRun)
		return
	}
	command.Files = role.output.Files
	c := &child{role: role, run: a.Run, handle: h, spec: h.ran, command: &command}
	if failed := p.start(c, role.output.Started); failed != nil {
		refused(failed, spawnErrorStatus(failed))
		return
	}
	c.command = nil
	p.hooks[a.Run] = c
}

// discard drops what was prepared for a run with hooks, which is over.
func (p *PID1) discard(run service.Run) {
	if p.preparing[run] != nil {
		delete(p.preparing, run)
		p.Owner.Release(run)
	}
}

// stopHook kills the command that runs, if it is this one.
func (p *PID1) stopHook(run service.Run, seq uint64) {
	if c := p.hooks[run]; c != nil && c.role.(*hooking).seq == seq {
		p.kill(c)
	}
}

// signalHook sends a signal of the ladder to the hook that a run has.
func (p *PID1) signalHook(run service.Run, sig proc.Signal) {
	if c := p.hooks[run]; c != nil && p.children[c.pid] == c {
		_ = p.Kernel.Signal(c.pid, proc.Group, sig)
	}
}

// died kills the rest of the hook's group: nothing of it may disturb what comes next.
func (*hooking) died(p *PID1, c *child, _ proc.Dead) {
	p.kill(c)
	p.Output.Died(c.spec.Name)
}

// reaped turns the end of the hook into its answer. The last line is wanted only of a failure,
// and perhaps has not been read yet.
func (r *hooking) reaped(p *PID1, c *child, dead proc.Dead) {
	if p.hooks[c.run] == c {
		delete(p.hooks, c.run)
	}
	answer := machine.Hooked{Run: c.run, Seq: r.seq}
	failed := dead.Exit != proc.Exit{}
	if !failed && !r.output.Wait {
		p.answers = append(p.answers, answer)
		return
	}
	if failed {
		answer.Err, answer.Status = dead.Exit.String(), dead.Exit.Status()
	}
	last := r.output.LastLine
	go func() {
		_ = guarded(func() error {
			if line := last(); failed {
				answer.Output = p.printable(line)
			}
			return nil
		})
		p.post(hookEnded(answer))
	}()
}
