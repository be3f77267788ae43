package stdio

import "slices"

// Died is for the moment when a run of a service has ended and nothing was said of
// it yet: what stands in the service's pipes is written before the next line of our
// own, where both go to the same place. It never waits, neither for output nor for
// processes that still have the pipe.
//
// The order is kept by the sink, which alone knows what it has written: the
// next line of our own carries the streams that go before it (chunk.after).
func (m *Mux) Died(service string) {
	m.begin()
	m.mu.Lock()
	defer m.mu.Unlock()
	var ours []*stream
	for _, which := range [...]string{Stdout, Stderr} {
		if a := m.accounts[accountKey{service, which}]; a != nil {
			for _, s := range a.streams {
				if s.sink == m.own.sink {
					ours = append(ours, s)
				}
			}
		}
	}
	m.own.queue.follow(ours, m.open)
}

// follow has the next lines written behind what the streams have. Where we say
// nothing (-q), those that were closed meanwhile are forgotten.
func (q *queue) follow(streams []*stream, open map[int32]*stream) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.after) > len(open) {
		q.after = slices.DeleteFunc(q.after, func(s *stream) bool { return open[s.pipe] != s })
	}
	for _, s := range streams {
		if !slices.Contains(q.after, s) {
			q.after = append(q.after, s)
		}
	}
}

// lastWords adds what stands in the stream to the batch, in a turn of another stream
// of the same sink: so much as is there now, for others may go on writing.
func (s *stream) lastWords(b *batch) {
	if s.queue != nil {
		s.pump()
		for range s.queue.length() {
			s.queue.unload(s, b)
		}
		return
	}
	if s.fd < 0 {
		return
	}
	reads := mostInTerminal / readFromTerminal // which can be asked for a part of it only
	if !s.terminal {
		reads = int(s.unread(false)/readBytes) + 2 // the last one finds the end, where there is one
	}
	t := more
	for n := 0; t == more && n < reads; n++ {
		t = s.fill(b)
	}
	s.after(t)
}

// readFromTerminal is what one read of a terminal gives at most.
const readFromTerminal = 4 << 10

// length is how many chunks wait in memory.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks)
}
