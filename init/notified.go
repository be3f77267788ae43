package pid1

import (
	"fmt"
	"slices"

	"sexton/machine"
	"sexton/notify"
	"sexton/proc"
	"sexton/service"
)

// Notification is by what a run says of itself that it is ready: a socket (NOTIFY_SOCKET) or a
// descriptor of it.
type Notification struct {
	Env     []string      // what the run gets in its environment
	Pass    []proc.Passed // and as descriptors
	Started func()        // closes our copies of these
	Close   func()        // nothing is heard any more
}

// said is a message of a run.
type said struct {
	run service.Run
	notify.Message
}

// arrive tells the machine, if the message comes from the run that it is about.
func (e said) arrive(p *PID1) {
	if e.Barrier != nil {
		defer e.Barrier()
	}
	p.takeAnswers()
	c := p.runs[e.run]
	if c == nil || p.machine.Over() {
		return
	}
	if e.PID != 0 && !p.isOf(c, e.PID) {
		p.Output.Say(machine.Debug, c.spec.Name, fmt.Sprintf("a message on its NOTIFY_SOCKET is ignored: process %d is not one of its own", e.PID))
		return
	}
	n := machine.Notified{
		Run: e.run, Ready: e.Ready, Reloading: e.Reloading, Stopping: e.Stopping, Extend: e.Extend, Alive: e.Alive, Trigger: e.Trigger,
	}
	if e.Status != nil {
		n.HasStatus, n.Status = true, *e.Status
	}
	if e.Watchdog != nil {
		n.HasWatchdog, n.Watchdog = true, *e.Watchdog
	}
	if e.Main != 0 && e.Main != c.pid {
		p.Output.Say(machine.Debug, c.spec.Name, fmt.Sprintf("says MAINPID=%d; sexton goes on to watch the process that it started (%d)", e.Main, c.pid))
	}
	p.take(n)
}

// ancestorsMost is how far up isOf looks.
const ancestorsMost = 16

// isOf tells whether a process belongs to a run: to its group or session, or by its ancestry. One that
// has ended is unknown.
func (p *PID1) isOf(c *child, pid proc.PID) bool {
	for range ancestorsMost {
		if pid == c.pid {
			return true
		}
		other, alive := p.Kernel.Look(pid)
		if !alive || pid <= 1 {
			return false
		}
		if other.Group == c.pid || other.Session == c.pid {
			return true
		}
		pid = other.Parent
	}
	return false
}

// listen opens by what the run says that it is ready. The command gets its part of it.
func (p *PID1) listen(a ordered, command *proc.Command) (Notification, error) {
	n := Notification{Started: func() {}, Close: func() {}}
	if p.OpenNotify == nil || !a.spec.Ready.Kind.Says() && a.spec.Healthy.Watchdog == 0 {
		return n, nil
	}
	n, err := p.OpenNotify(a.spec, func(m notify.Message) { p.post(said{a.Run, m}) })
	if err == nil {
		command.Env = append(slices.Clip(command.Env), n.Env...)
		command.Pass = append(slices.Clip(command.Pass), n.Pass...)
	}
	return n, err
}

// hush: what the run says is not heard any more.
func (c *child) hush() {
	if c.silence != nil {
		c.silence()
		c.silence = nil
	}
}
