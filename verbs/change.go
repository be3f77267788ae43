package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// Progress is a change of state on the way to what a client asked for, or, without a Service, a remark.
type Progress struct {
	Service string `json:"service,omitempty"`
	State   string `json:"state,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Words   string `json:"words,omitempty"` // how it ended
}

func (p *Progress) text(*Page) (string, int) {
	if p.Service == "" {
		return p.Words + "\n", 0
	}
	text := p.Service + ": " + p.State
	if p.PID != 0 {
		text += fmt.Sprintf(" (pid %d)", p.PID)
	}
	if p.Words != "" {
		text += ", " + p.Words
	}
	return text + "\n", 0
}

// change is the answer of a verb that changes what runs. It ends when the effect is there.
func change(verb service.OrderVerb) func(context.Context, *exchange) error {
	return func(ctx context.Context, e *exchange) error {
		c := &changing{exchange: e, verb: verb}
		order, err := c.order(ctx)
		if err != nil {
			return err
		}
		if e.request.NoWait || verb == service.OrderSignal {
			_, err = c.begin(ctx, order)
			return err
		}
		if e.Follow == nil {
			return errors.New("this sexton has no events to wait for; ask with --no-wait")
		}
		feed, err := e.Follow(ctx)
		if err != nil {
			return err
		}
		defer feed.Close()
		now, err := c.begin(ctx, order)
		for err == nil && !c.isDone(&now.Report) {
			if now.Stopping && verb != service.OrderStop {
				return errors.New("the container is stopping")
			}
			changes, _, ok := feed.Next(ctx)
			if !ok {
				return errors.New("sexton has ended, or the client has gone")
			}
			c.tell(changes)
			now, err = c.look(ctx)
		}
		if err == nil && len(c.failed) > 0 {
			err = errors.New(strings.Join(c.failed, "; "))
		}
		return err
	}
}

// changing is a change on its way.
type changing struct {
	*exchange
	verb   service.OrderVerb
	names  []string                  // the services that are meant
	with   []string                  // those that stop too
	before map[string]service.Status // how they were
	failed []string                  // what went wrong, in words
}

// order is what the loop is to do.
func (c *changing) order(ctx context.Context) (service.Order, error) {
	names, now, err := c.targets(ctx)
	if err != nil {
		return service.Order{}, err
	}
	order := service.Order{Verb: c.verb, From: c.from}
	if c.verb == service.OrderSignal {
		if order.Signal, err = proc.ParseSignal(c.request.Signal); err != nil {
			return order, err
		}
	}
	c.before = make(map[string]service.Status)
	for _, name := range names {
		s := now.Find(name)
		if !slices.Contains(c.request.Services, name) && c.passesOver(s) {
			continue
		}
		if err := c.possible(s); err != nil {
			return order, err
		}
		c.before[name] = *s
		c.names = append(c.names, name)
	}
	order.Services = c.names
	return order, nil
}

// passesOver tells whether a service is left out that was not named, but is one of several: what is done is not
// done again.
func (c *changing) passesOver(s *service.Status) bool {
	switch c.verb {
	case service.OrderStart:
		return s.State == service.Done
	case service.OrderRestart:
		return s.OneShot
	case service.OrderRun:
		return !s.OneShot
	case service.OrderSignal:
		return s.PID == 0
	}
	return false
}

// possible is why a service cannot be changed like this; nil: it can.
func (c *changing) possible(s *service.Status) error {
	switch {
	case c.verb == service.OrderSignal && s.PID == 0:
		return fmt.Errorf("%s: it has no process that could get a signal, it is %s", s.Name, s.State)
	case c.verb == service.OrderRun && !s.OneShot:
		return fmt.Errorf("%s: only a oneshot or a scheduled service can be run; use start or restart", s.Name)
	case c.verb == service.OrderRun && s.State.Live():
		return fmt.Errorf("%s: it runs already (pid %d)", s.Name, s.PID)
	}
	return nil
}

// begin gives the order, and says what it does besides.
func (c *changing) begin(ctx context.Context, order service.Order) (service.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	now, err := c.Loop.Change(ctx, order)
	if err != nil {
		return now, err
	}
	if c.with = now.With; len(c.with) > 0 {
		err = c.send(Reply{Progress: &Progress{Words: "stopping first what needs it: " + strings.Join(c.with, ", ")}})
	}
	return now, err
}

func (c *changing) look(ctx context.Context) (service.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	return c.Loop.Look(ctx, "")
}

// tell sends the changes of what is meant.
func (c *changing) tell(changes []service.Change) {
	for i := range changes {
		if s := &changes[i]; slices.Contains(c.names, s.Service) || slices.Contains(c.with, s.Service) {
			_ = c.send(Reply{Progress: &Progress{Service: s.Service, State: s.To.String(), PID: int(s.PID), Words: s.Words}})
		}
	}
}

// isDone tells whether every service is where it was to come, or cannot come there.
func (c *changing) isDone(now *service.Report) bool {
	c.failed = nil
	for _, name := range slices.Concat(c.names, c.with) {
		s := now.Find(name)
		if s == nil {
			if c.verb != service.OrderStop {
				c.failed = append(c.failed, name+": it is not in the plan any more")
			}
			continue
		}
		done, words := c.isThere(s)
		if !done {
			return false
		}
		if words != "" {
			c.failed = append(c.failed, name+": "+words)
		}
	}
	return true
}

// isThere is isDone for one service; words say what went wrong.
func (c *changing) isThere(s *service.Status) (done bool, words string) {
	before := c.before[s.Name]
	fresh := s.Started != before.Started
	switch c.verb {
	case service.OrderStop:
		return !s.State.Live() && s.State != service.Waiting && s.State != service.BackingOff && s.State != service.Scheduled, ""
	case service.OrderRun:
		if s.State == service.Failed {
			return true, s.LastExit
		}
		if !fresh || s.State.Live() || s.State == service.Waiting {
			return false, ""
		}
		if s.State == service.Down {
			return true, "it was stopped"
		}
		if s.State == service.BackingOff || !endedWell(s) {
			return true, s.LastExit
		}
		return true, ""
	case service.OrderRestart:
		if s.State == service.Up && !fresh {
			return false, ""
		}
	}
	switch s.State {
	case service.Up, service.Done, service.Scheduled:
		return true, ""
	case service.Failed:
		return true, s.LastExit
	case service.BackingOff:
		return true, s.LastExit + "; sexton starts it again"
	case service.Down:
		return true, "it was stopped meanwhile"
	}
	return false, ""
}

// endedWell tells whether the last run of a scheduled service was a success, which its state does not show.
func endedWell(s *service.Status) bool {
	return s.State == service.Done || strings.HasPrefix(s.LastExit, "exited with status 0")
}
