package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

// Event is one change of state: of a service, or, without a Service, of the container. Dropped is how many were
// too many for this client before it.
type Event struct {
	Seq     uint64 `json:"seq"` // counts the changes since sexton started
	Time    string `json:"time"`
	Service string `json:"service,omitempty"`
	From    string `json:"from,omitempty"`
	To      string `json:"to"` // of the container: ready, not ready, stopping
	Run     uint64 `json:"run,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Exit    string `json:"exit,omitempty"` // how the service ended
	Dropped int    `json:"dropped,omitempty"`
}

// Feed gets the changes of state for one client.
type Feed interface {
	// Next waits for changes. dropped is how many were dropped after them. ok is false when ctx is
	// done, or the loop has ended.
	Next(ctx context.Context) (changes []service.Change, dropped int, ok bool)
	Close()
}

// events answers with the changes of state, as they come.
func events(ctx context.Context, e *exchange) error {
	if e.Follow == nil {
		return errors.New("this sexton has no events")
	}
	names, _, err := e.targets(ctx)
	if err != nil {
		return err
	}
	feed, err := e.Follow(ctx)
	if err != nil {
		return err
	}
	defer feed.Close()
	now, err := e.Loop.Look(ctx, "")
	if err != nil {
		return err
	}
	began := time.Now().Add(-now.At)
	dropped := 0
	for {
		changes, more, ok := feed.Next(ctx)
		if !ok {
			return nil
		}
		for i := range changes {
			c := &changes[i]
			if names != nil && c.Service != "" && !slices.Contains(names, c.Service) {
				continue
			}
			event := eventOf(c, began)
			event.Dropped, dropped = dropped, 0
			if e.send(Reply{Event: event}) != nil {
				return nil
			}
		}
		dropped += more
	}
}

func eventOf(c *service.Change, began time.Time) *Event {
	event := &Event{Seq: c.Seq, Time: wireTime(began.Add(c.At)), Service: c.Service, Run: uint64(c.Run), PID: int(c.PID)}
	if c.Service == "" {
		event.To = c.Words
	} else {
		event.From, event.To, event.Exit = c.From.String(), c.To.String(), c.Words
	}
	return event
}

// text is a line for people.
func (v *Event) text(*Page) (string, int) {
	var b strings.Builder
	if v.Dropped > 0 {
		fmt.Fprintf(&b, "%s came too fast for this client and are missing here\n", service.Counted(v.Dropped, "event"))
	}
	b.WriteString(v.Time + " ")
	if v.Service != "" {
		b.WriteString(v.Service + ": " + v.From + " -> ")
	}
	b.WriteString(v.To)
	if v.PID != 0 {
		fmt.Fprintf(&b, " (pid %d)", v.PID)
	}
	if v.Exit != "" {
		b.WriteString(", " + v.Exit)
	}
	return b.String() + "\n", 0
}
