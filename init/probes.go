package pid1

import (
	"context"
	"fmt"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// A probe is made of attempts: a check beside the loop, or a child. The machine orders one
// attempt at a time for each run, and each ends with one Probed.

// attempt is the one on its way for a run: its number, and how to end it.
type attempt struct {
	seq  uint64
	stop func()
}

// startProbe begins an attempt.
func (p *PID1) startProbe(a machine.Probe) {
	p.stopProbe(a.Run)
	asked := p.runs[a.Run]
	if spec := p.specOf(a.Run, a.Service); asked == nil && spec.External {
		p.probeExternal(a, spec)
	} else if asked == nil { // it has just ended
		p.answers = append(p.answers, machine.Probed{Run: a.Run, Seq: a.Seq, Err: "its process has ended"})
	} else if about := aboutOf(a, asked.spec); about.Kind == service.ExecProbe {
		p.startExecProbe(a, asked)
	} else {
		p.startCheck(a, about, p.outsider(a, asked, about))
	}
}

// aboutOf is what an attempt asks.
func aboutOf(a machine.Probe, spec *service.Spec) service.Probe {
	if a.Health {
		return spec.Healthy.Probe
	}
	return spec.Ready
}

// probeExternal begins an attempt for a service that has no process here. A command runs as the service would.
func (p *PID1) probeExternal(a machine.Probe, spec *service.Spec) {
	if about := aboutOf(a, spec); about.Kind != service.ExecProbe {
		p.startCheck(a, about, nil)
		return
	}
	command, err := p.Owner.Command(spec, a.Run)
	if err != nil {
		p.answers = append(p.answers, machine.Probed{Run: a.Run, Seq: a.Seq, Err: err.Error()})
		return
	}
	p.startExecProbe(a, &child{handle: p.handles[a.Service], spec: spec, command: &command})
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

// checked is the end of a check.
type checked machine.Probed

func (c checked) arrive(p *PID1) {
	p.takeAnswers()
	p.endedProbe(c.Run, c.Seq)
	p.take(machine.Probed(c))
}

// outsider returns what names, after an attempt that succeeded, a process outside the run that has answered it. It
// works beside the loop. nil: it is not looked for; a service that has become ready once is only asked whether it is healthy.
func (p *PID1) outsider(a machine.Probe, asked *child, ready service.Probe) func() string {
	if p.Outsider == nil || a.Health || ready.Kind != service.TCPProbe && ready.Kind != service.HTTPProbe {
		return nil
	}
	var kin []proc.PID
	for pid, k := range p.kin {
		if k.handle == asked.handle && !k.claimed {
			kin = append(kin, pid)
		}
	}
	name, first := asked.spec.Name, asked.pid
	return func() string { return p.Outsider(ready, name, first, kin) }
}

// startCheck makes an attempt beside the loop.
func (p *PID1) startCheck(a machine.Probe, ready service.Probe, outsider func() string) {
	ctx, cancel := context.WithCancel(context.Background())
	p.probes[a.Run] = attempt{a.Seq, cancel}
	before, places := p.marks[a.Run], p.checks
	if a.Health {
		before = nil // any file will do
	}
	go func() {
		answer := checked{Run: a.Run, Seq: a.Seq}
		err := guarded(func() error {
			if err := p.check(ctx, ready, before, places); err != nil || outsider == nil {
				return err
			}
			if who := outsider(); who != "" {
				return fmt.Errorf("%s has answered, which is not of this run: stop it, or take another port", who)
			}
			return nil
		})
		if err != nil {
			answer.Err = err.Error()
		}
		cancel()
		p.post(answer)
	}()
}

// check runs beside the loop, when there is a place for it: see planThreads. Its timeout
// begins then.
func (p *PID1) check(ctx context.Context, ready service.Probe, before *service.FileMark, places chan struct{}) error {
	if ready.Kind != service.FileProbe {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ready.Timeout)
	defer cancel()
	return p.Check(ctx, ready, before)
}

// probing is the role of an attempt of an exec probe.
type probing struct {
	seq   uint64
	heard Listener // of what it writes; nil: none
}

// startExecProbe makes an attempt by a child, which runs as the service does.
func (p *PID1) startExecProbe(a machine.Probe, asked *child) {
	command := *asked.command
	command.Argv, command.Pass = aboutOf(a, asked.spec).Command, nil
	command.Files, command.Foreground, command.Session = [3]int{-1, -1, -1}, -1, true
	attempted := &probing{seq: a.Seq}
	opened := func(proc.PID) {}
	if p.Listen != nil {
		if heard, err := p.Listen(); err == nil { // without its words the attempt is still worth making
			attempted.heard, opened = heard, func(proc.PID) { heard.Started() }
			command.Files = [3]int{-1, heard.FD(), heard.FD()}
		}
	}
	c := &child{role: attempted, run: a.Run, handle: asked.handle, spec: asked.spec, command: &command}
	if failed := p.start(c, opened); failed != nil {
		p.answers = append(p.answers, machine.Probed{Run: a.Run, Seq: a.Seq, Err: failed.Error(), Output: attempted.lastLine(p)})
		return
	}
	p.probes[a.Run] = attempt{a.Seq, func() { p.kill(c) }}
}

// died kills the rest of the attempt's group: it belongs to no service.
func (*probing) died(p *PID1, c *child, _ proc.Dead) { p.kill(c) }

// reaped turns the end of the attempt into its answer.
func (r *probing) reaped(p *PID1, c *child, dead proc.Dead) {
	answer := machine.Probed{Run: c.run, Seq: r.seq, Output: r.lastLine(p)}
	p.endedProbe(c.run, r.seq)
	if dead.Exit.Signal != 0 {
		answer.Err = fmt.Sprintf("the probe was %s", dead.Exit)
	} else if dead.Exit != (proc.Exit{}) {
		answer.Err = fmt.Sprintf("the probe %s", dead.Exit)
	}
	p.answers = append(p.answers, answer)
}

// lineMost is how many bytes of a probe's last line stand in one of ours.
const lineMost = 200

// lastLine is the last line that the attempt wrote; it ends the listening.
func (r *probing) lastLine(p *PID1) string {
	if r.heard == nil {
		return ""
	}
	return p.printable(r.heard.End())
}
