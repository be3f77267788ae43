package pid1

import (
	"context"
	"sync"

	"sexton/service"
)

// Feed gets the changes of state for one client that follows them. What the client is too slow
// for is dropped for it alone, and counted.
type Feed struct {
	p    *PID1
	news chan struct{}

	mu      sync.Mutex // held for a few instructions only
	waiting []service.Change
	dropped int
	closed  bool
}

// feedMost is how many changes may wait for a client.
const feedMost = 1000

// Follow begins a feed of the changes from the next turn on. Any goroutine but the loop's may call it; the
// caller bounds how many there are, and closes it. ok is false when the loop has not
// answered until ctx is done.
func (p *PID1) Follow(ctx context.Context) (*Feed, error) {
	f := &Feed{p: p, news: make(chan struct{}, 1)}
	p.post(f)
	if _, err := p.Look(ctx, ""); err != nil { // behind it in the inbox
		f.Close()
		return nil, err
	}
	return f, nil
}

// arrive begins the feed with the state of the container.
func (f *Feed) arrive(p *PID1) {
	p.feeds = append(p.feeds, f)
	p.toldReadiness = p.readiness()
	f.put(service.Change{Seq: p.changes, At: p.now(), Words: p.toldReadiness})
}

// Close ends it.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.waiting = true, nil
}

// Next waits for changes. dropped is how many were dropped after them. ok is false when ctx is
// done, or the loop has ended.
func (f *Feed) Next(ctx context.Context) (changes []service.Change, dropped int, ok bool) {
	select {
	case <-f.news:
	case <-ctx.Done():
		return nil, 0, false
	case <-f.p.ended:
		select {
		case <-f.news:
		default:
			return nil, 0, false
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	changes, dropped = f.waiting, f.dropped
	f.waiting, f.dropped = nil, 0
	return changes, dropped, true
}

// put gives the feed a change. It tells whether the feed is still wanted.
func (f *Feed) put(c service.Change) (wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return false
	case len(f.waiting) >= feedMost:
		f.dropped++
	default:
		f.waiting = append(f.waiting, c)
	}
	select {
	case f.news <- struct{}{}:
	default:
	}
	return true
}

// tellChanges counts the changes of the last step, and gives them to those that follow.
func (p *PID1) tellChanges() {
	moved := p.machine.Moved()
	if len(p.feeds) == 0 {
		p.changes += uint64(len(moved))
		return
	}
	for _, c := range moved {
		p.tellChange(c)
	}
	p.tellReadiness()
}

func (p *PID1) tellChange(c service.Change) {
	p.changes++
	c.Seq = p.changes
	wanted := p.feeds[:0]
	for _, f := range p.feeds {
		if f.put(c) {
			wanted = append(wanted, f)
		}
	}
	clear(p.feeds[len(wanted):])
	p.feeds = wanted
}

// tellReadiness tells how the container is when that has changed.
func (p *PID1) tellReadiness() {
	if words := p.readiness(); words != p.toldReadiness {
		p.toldReadiness = words
		p.tellChange(service.Change{At: p.now(), Words: words})
	}
}

// readiness is the state of the container.
func (p *PID1) readiness() string {
	switch r := p.machine.Readiness(); {
	case r.Stopping:
		return "stopping"
	case r.Ready:
		return "ready"
	}
	return "not ready"
}
