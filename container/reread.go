package container

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sexton/machine"
	"sexton/service"
	"sexton/verbs"
)

// Fresh is what the files of the plan say now.
type Fresh struct {
	Plan     service.Plan
	Remarks  []string
	Mistakes []string // lines for people; with any, there is no plan
	Brief    string   // the mistakes in one line, for the log
}

// rereader reads the files again, beside the loop and once at a time: a file system may hang, and a file may be
// large. Who asks while it reads waits for the next reading, which then sees what was there at that moment.
type rereader struct {
	mu      sync.Mutex
	busy    bool
	since   time.Time
	waiting []*wish
	again   string // who wants another reload, and waits for no answer; "": nobody
}

// wish is a client that waits for what comes of a reading.
type wish struct {
	dryRun bool
	from   string
	answer chan outcome // with room for one
}

type outcome struct {
	verbs.Reload
	err error
}

// rereadSlow is the time after which we say that the files still do not come.
const rereadSlow = 10 * time.Second

// ReadAgain is pid1.Owner's.
func (c *Container) ReadAgain(from string) {
	if c.Read != nil {
		c.reads.add(c, nil, from)
	}
}

// Reload reads the files again for a client, and makes what they say the running plan.
func (c *Container) Reload(ctx context.Context, dryRun bool, from string) (verbs.Reload, error) {
	w := &wish{dryRun, "reload asked for" + from, make(chan outcome, 1)}
	since := c.reads.add(c, w, "")
	select {
	case o := <-w.answer:
		return o.Reload, o.err
	case <-c.loop.Over():
		return verbs.Reload{}, errors.New("sexton is leaving")
	case <-ctx.Done():
		c.reads.withdraw(w)
		words := "; what comes of the reload will be in the log"
		if dryRun {
			words = ""
		}
		return verbs.Reload{}, fmt.Errorf("the files are still being read, for %s now: is a file system slow?%s", time.Since(since).Round(100*time.Millisecond), words)
	}
}

// add takes a wish, or, with nil, one that nobody waits for. It tells since when the files are read.
func (r *rereader) add(c *Container, w *wish, from string) (since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w != nil {
		r.waiting = append(r.waiting, w)
	} else {
		r.again = from
	}
	if !r.busy {
		r.busy, r.since = true, time.Now()
		go c.readWhileAsked()
	}
	return r.since
}

// withdraw: the client waits no longer. If it wanted more than to know, the reload is made all the same.
func (r *rereader) withdraw(w *wish) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.waiting, w); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
		if !w.dryRun {
			r.again = w.from
		}
	}
}

// take returns those who asked until now. from is "" if no reload is wanted; ok is false if nobody asks.
func (r *rereader) take() (wishes []*wish, from string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wishes, from, r.waiting, r.again, r.since = r.waiting, r.again, nil, "", time.Now()
	for _, w := range wishes {
		if !w.dryRun {
			from = w.from
		}
	}
	r.busy = len(wishes) > 0 || from != ""
	return wishes, from, r.busy
}

func (c *Container) readWhileAsked() {
	for {
		wishes, from, ok := c.reads.take()
		if !ok {
			return
		}
		dry, done := c.readOnce(wishes, from)
		for _, w := range wishes {
			if w.dryRun {
				w.answer <- dry
			} else {
				w.answer <- done
			}
		}
	}
}

// readOnce reads, and applies what it has read if from, who wants that, is not "". It returns what dry runs and
// others get as their answer. A panic changes nothing, and is an answer too: otherwise it would end PID 1.
func (c *Container) readOnce(wishes []*wish, from string) (dry, done outcome) {
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("not reloaded: internal error: %v; please report it", cause)
			c.loop.Tell(machine.Error, err.Error())
			dry, done = outcome{err: err}, outcome{err: err}
		}
	}()
	slow := time.AfterFunc(rereadSlow, func() {
		c.loop.Tell(machine.Warn, fmt.Sprintf("the files have not been read after %v: a file system does not answer; nothing changes until then", rereadSlow))
	})
	fresh := c.Read()
	slow.Stop()
	if len(fresh.Mistakes) > 0 {
		done.Mistakes = fresh.Mistakes
		dry = done
		dry.DryRun = true
		if from != "" {
			c.loop.Tell(machine.Error, from+": not reloaded, nothing changes: "+fresh.Brief)
		}
		return dry, done
	}
	done.Reload = c.difference(&fresh.Plan)
	done.Remarks = fresh.Remarks
	dry = done
	dry.DryRun = true
	if from != "" {
		done.err = c.change(fresh, &done.Reload, from)
	}
	return dry, done
}

// change makes what was read the running plan, and waits until it is.
func (c *Container) change(fresh Fresh, r *verbs.Reload, from string) error {
	c.loop.Tell(machine.Info, from+": reloading")
	adopted, err := c.Apply(fresh.Plan)
	if err != nil {
		return err
	}
	select {
	case yes := <-adopted:
		if !yes {
			return errors.New("not reloaded: the container is stopping already")
		}
	case <-c.loop.Over():
		return errors.New("not reloaded: sexton is leaving")
	}
	for _, remark := range fresh.Remarks {
		c.loop.Tell(machine.Warn, "remark: "+remark)
	}
	if len(r.Fixed) > 0 {
		c.loop.Tell(machine.Warn, r.FixedWords())
	}
	return nil
}
