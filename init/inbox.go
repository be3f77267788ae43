package pid1

import (
	"slices"
	"sync"
)

// event is what something beside the loop leaves for it: the answer of a probe, a look at a
// file, counted connections, a client's question.
type event interface {
	// arrive is called by the loop, in its next turn.
	arrive(p *PID1)
}

// inbox keeps the events until the loop takes them. A helper holds no other state that the
// loop reads. The inbox is bounded because its senders are: a probe or a look leaves one
// event for each order, the counter of connections ten in a second, and a client that gives
// up withdraws its question.
type inbox struct {
	mu     sync.Mutex
	events []event
}

// post leaves an event and wakes the loop, unless an earlier event has woken it and waits
// as well. Any goroutine may call it.
func (p *PID1) post(e event) {
	p.inbox.mu.Lock()
	p.inbox.events = append(p.inbox.events, e)
	first := len(p.inbox.events) == 1
	p.inbox.mu.Unlock()
	if first {
		p.Kernel.Wake()
	}
}

// take empties the inbox.
func (b *inbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}

// remove takes out the events for which drop is true.
func (b *inbox) remove(drop func(event) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = slices.DeleteFunc(b.events, drop)
}

// takeEvents deals with everything in the inbox, in the order of posting.
func (p *PID1) takeEvents() {
	for _, e := range p.inbox.take() {
		if p.machine.Over() {
			return // nothing is started any more, and p.ended answers the clients
		}
		e.arrive(p)
	}
}
