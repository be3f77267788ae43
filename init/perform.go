package pid1

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// perform does one thing that the machine orders.
func (p *PID1) perform(action machine.Action) {
	switch a := action.(type) {
	case machine.Spawn:
		if ready := &p.Plan.Services[p.index[a.Service]].Ready; ready.Kind == service.FileProbe && p.LookAt != nil {
			p.lookFirst(a, ready.Target)
		} else {
			p.spawn(a)
		}
	case machine.CallOff:
		p.callOff(a.Run)
	case machine.Signal:
		p.signal(a)
	case machine.Rouse:
		if child := p.runs[a.Run]; child != nil && p.Kernel.Stopped(child.pid) {
			_ = p.Kernel.Signal(child.pid, a.Scope, proc.CONT)
		}
	case machine.Widen:
		p.widen(a.Run)
	case machine.Watch:
		if child := p.runs[a.Run]; child != nil {
			p.watched[a.Run] = p.Kernel.Hold(child.pid)
		}
	case machine.Probe:
		p.startProbe(a)
	case machine.StopProbe:
		p.stopProbe(a.Run)
	case machine.Sweep:
		if a.Strangers {
			p.signalStrays(a.Signal)
		} else {
			p.sweep, p.sweeping = a.Signal, true // when this turn's dead are reaped
		}
	case machine.Heed:
		p.watchConnections(a.On)
	case machine.Break:
		p.Output.Break(a.Service)
	case machine.Reopen:
		p.Output.Reopen()
	case machine.Suspend:
		p.Kernel.Suspend()
	case machine.Say, machine.Summarize:
		if p.machine.Over() {
			p.lastWords = append(p.lastWords, a) // they come behind what the services wrote
		} else {
			p.say(a)
		}
	case machine.Leave:
		p.watchConnections(false)
		for run := range p.probes {
			p.stopProbe(run)
		}
	}
}

// say performs what is for people to read.
func (p *PID1) say(words machine.Action) {
	switch a := words.(type) {
	case machine.Say:
		p.Output.Say(a.Level, a.Service, a.Text)
	case machine.Summarize:
		p.summary = a.Summary
		if !p.Plan.Init.OneCommand { // there the exit status says it all
			p.Output.Sum(a.Summary)
		}
	}
}

// spawn starts a run. The answer is queued, never taken inside the turn that
// ordered it.
func (p *PID1) spawn(a machine.Spawn) {
	i := p.index[a.Service]
	spec, command := &p.Plan.Services[i], p.Commands[i]
	if p.Identify != nil {
		if err := p.Identify(i, &command); err != nil {
			p.counted(err)
			p.answers = append(p.answers, machine.StartFailed{Run: a.Run, Err: err.Error(), Status: 126})
			return
		}
	}
	command.Foreground = -1
	command.Files = [3]int{-1, 1, 2}
	if spec.TTY || spec.Name == p.Plan.Init.Main {
		command.Files[0] = 0
	}
	command.Session = p.ownSession(spec)
	gives := spec.TTY && p.hasTerminal && p.Kernel.HoldsTerminal(p.terminal, p.holder)
	if gives {
		command.Foreground, command.Own = p.terminal.FD, command.Session
	}
	files, started, err := p.Output.Open(spec.Name, a.Run, command.Files)
	if err != nil {
		p.answers = append(p.answers, machine.StartFailed{Run: a.Run, Err: err.Error(), Status: 126, Passing: true})
		return
	}
	command.Files = files
	if spec.PTY {
		command.Foreground, command.Own = files[1], true
	}
	command.Heir = p.Plan.Init.OneCommand && !p.dropped
	pid, err := p.Kernel.Spawn(&command)
	started(pid)
	p.counted(err)
	p.answerAlive()
	if err != nil {
		p.Output.Ended(a.Run)
		failed := asSpawnError(err)
		answer := machine.StartFailed{Run: a.Run, Err: failed.Error(), Status: spawnErrorStatus(failed), Passing: failed.Passing}
		if p.SpawnStatus != nil {
			answer.Status, answer.Passing = p.SpawnStatus(failed), false
		}
		p.answers = append(p.answers, answer)
		return
	}
	child := &process{pid: pid, run: a.Run, spec: i, as: &command, started: p.now()}
	p.planLook(child)
	p.ranAs[i] = command.Credential
	p.processes[pid], p.runs[a.Run] = child, child
	if gives {
		p.holder = pid
	}
	p.answers = append(p.answers, machine.Started{Run: a.Run, PID: pid})
	p.dropped = true // with one command the first that is started has got what we inherited
}

// counted counts a start.
func (p *PID1) counted(err error) {
	if err != nil {
		p.counts.Refused++
	} else {
		p.counts.Starts++
	}
}

// signal sends a signal to a run: to its process or group while its first
// process is ours, alive or a zombie, and through the hold on its group
// afterwards, and with proc.Tree or proc.Core to what has left the group. A run that has
// neither is passed over.
func (p *PID1) signal(a machine.Signal) {
	if from := p.Plan.Services[p.index[a.Service]].StdinFrom; from != "" {
		if _, stopping := p.machine.LeaveBy(); stopping {
			p.Output.ClosePipeline(from)
		}
	}
	p.counts.Sent++
	if a.Scope == proc.Tree || a.Scope == proc.Core {
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
			p.Output.Say(machine.Warn, a.Service, err.Error()+": it runs as another user, and we have no CAP_KILL")
		case err != nil:
			p.Output.Say(machine.Debug, a.Service, err.Error())
		}
		return
	}
	p.signalGroup(a.Run, a.Signal)
}

// startProbe makes one attempt: a child of ours, or a check beside the loop.
func (p *PID1) startProbe(a machine.Probe) {
	i := p.index[a.Service]
	ready := p.Plan.Services[i].Ready
	p.stopProbe(a.Run)
	if ready.Kind == service.ExecProbe {
		p.startExecProbe(a, i)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.probes[a.Run] = attempt{a.Seq, cancel}
	before := p.marks[a.Run]
	go func() {
		answer := machine.Probed{Run: a.Run, Seq: a.Seq}
		if err := p.check(ctx, ready, before); err != nil {
			answer.Err = err.Error()
		}
		cancel()
		p.mu.Lock()
		p.probed = append(p.probed, answer)
		p.mu.Unlock()
		p.Kernel.Wake()
	}()
}

// check makes one attempt beside the loop, when it has a place: see planThreads.
// Its time begins then.
func (p *PID1) check(ctx context.Context, ready service.Probe, before *service.FileMark) error {
	if ready.Kind != service.FileProbe {
		select {
		case p.checks <- struct{}{}:
			defer func() { <-p.checks }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ready.Timeout)
	defer cancel()
	return p.Check(ctx, ready, before)
}

func (p *PID1) startExecProbe(a machine.Probe, i int) {
	command := p.Commands[i]
	if child := p.runs[a.Run]; child != nil {
		command = *child.as // as the same user
	}
	command.Argv = p.Plan.Services[i].Ready.Command
	command.Files, command.Foreground, command.Session = [3]int{-1, -1, -1}, -1, true
	var heard Listener
	if p.Listen != nil {
		if listener, err := p.Listen(); err == nil { // its words are not worth a probe
			heard = listener
			command.Files = [3]int{-1, heard.FD(), heard.FD()}
		}
	}
	pid, err := p.Kernel.Spawn(&command)
	if heard != nil {
		heard.Started()
	}
	p.counted(err)
	child := &process{pid: pid, run: a.Run, spec: i, probe: a.Seq, heard: heard}
	if err != nil {
		p.answers = append(p.answers, machine.Probed{Run: a.Run, Seq: a.Seq, Err: asSpawnError(err).Error(), Output: child.lastLine()})
		return
	}
	p.processes[pid] = child
	p.probes[a.Run] = attempt{a.Seq, func() {
		if p.processes[pid] == child {
			_ = p.Kernel.Signal(pid, proc.Group, proc.KILL)
		}
	}}
}

// execProbeEnded turns the end of an exec probe into its answer.
func (p *PID1) execProbeEnded(child *process, exit proc.Exit) {
	answer := machine.Probed{Run: child.run, Seq: child.probe, Output: child.lastLine()}
	p.endedProbe(child.run, child.probe)
	if exit.Signal != 0 {
		answer.Err = fmt.Sprintf("the probe was %s", exit)
	} else if exit != (proc.Exit{}) {
		answer.Err = fmt.Sprintf("the probe %s", exit)
	}
	p.answers = append(p.answers, answer)
}

// lineMost is how many bytes of a probe's last line stand in one of ours.
const lineMost = 200

// lastLine is the last line that an attempt wrote; it ends the listening.
func (child *process) lastLine() string {
	if child.heard == nil {
		return ""
	}
	return service.Printable(child.heard.End(), lineMost)
}

// endedProbe forgets an attempt that has ended, unless the next one is on its way.
func (p *PID1) endedProbe(run service.Run, seq uint64) {
	if p.probes[run].seq == seq {
		p.stopProbe(run)
	}
}

// stopProbe ends the attempt on its way, if there is one.
func (p *PID1) stopProbe(run service.Run) {
	if on, there := p.probes[run]; there {
		delete(p.probes, run)
		on.stop()
	}
}

// spawnErrorStatus is what a shell would exit with: 127 for a command that is
// not there, 126 for one that cannot be run. No process at all is not the command's fault.
func spawnErrorStatus(failed *proc.SpawnError) int {
	switch {
	case failed.NotFound:
		return 127
	case failed.Stage == "fork":
		return exitInternal
	}
	return 126
}

func asSpawnError(err error) *proc.SpawnError {
	var failed *proc.SpawnError
	if errors.As(err, &failed) {
		return failed
	}
	return &proc.SpawnError{Stage: "start", Err: err}
}
