package pid1

import (
	"context"
	"fmt"
	"time"

	"sexton/machine"
	"sexton/service"
)

// A file that says that a service is ready must come from the run that is asked. A file that
// an earlier run or another container left behind says nothing, so the path is looked at
// just before the start.

// lookMost is how long a start waits for that look, because a file system may hang. Then the
// start goes on, and any file counts.
const lookMost = 250 * time.Millisecond

// looked is what was at the path before a start.
type looked struct {
	spawn ordered
	mark  service.FileMark
	err   error
}

// lookFirst looks at the file of its probe beside the loop. The start follows in a later turn, unless it is
// called off before.
func (p *PID1) lookFirst(a ordered) {
	ctx, cancel := context.WithTimeout(context.Background(), lookMost)
	p.looking[a.Run] = a
	seen := make(chan looked, 1)
	go func() {
		l := looked{spawn: a}
		l.err = guarded(func() (err error) {
			l.mark, err = p.LookAt(ctx, a.spec.Ready.Target)
			return err
		})
		seen <- l
	}()
	go func() {
		defer cancel()
		select {
		case l := <-seen:
			p.post(l)
		case <-ctx.Done():
			p.post(looked{spawn: a, err: context.DeadlineExceeded})
		}
	}()
}

// arrive makes the start that waited for the look.
func (l looked) arrive(p *PID1) {
	if p.takeAnswers(); p.machine.Over() {
		return
	}
	if _, looks := p.looking[l.spawn.Run]; !looks {
		return
	}
	delete(p.looking, l.spawn.Run)
	if l.err == nil {
		p.marks[l.spawn.Run] = &l.mark
	} else {
		path, why := l.spawn.spec.Ready.Target, l.err.Error()
		if l.err == context.DeadlineExceeded {
			why = fmt.Sprintf("no answer within %v", lookMost)
		}
		p.Output.Say(machine.Warn, l.spawn.Service, fmt.Sprintf("cannot look at %s before the start: %s; a file that was there before will count as ready", path, why))
	}
	if p.spawn(l.spawn); p.runs[l.spawn.Run] == nil { // the start failed: there is no run to ask
		delete(p.marks, l.spawn.Run)
	}
}

// callOff answers a start that still waits for its preparation or its look: it will not be made.
func (p *PID1) callOff(run service.Run) {
	if w := p.preparing[run]; w != nil {
		w.call() // it releases what it has prepared, now or when it arrives
		delete(p.preparing, run)
		p.answers = append(p.answers, calledOff(run))
	}
	if a, looks := p.looking[run]; looks {
		delete(p.looking, run)
		p.release(a.spec, run)
		p.answers = append(p.answers, calledOff(run))
	}
}
