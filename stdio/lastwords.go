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
	var ours []lastWords
	for _, which := range [...]string{Stdout, Stderr} {
		if a := m.accounts[accountKey{service, which}]; a != nil {
			for _, s := range a.streams {
				if s.sink == m.own.sink {
					ours = append(ours, lastWords{s, s.written()})
				}
			}
		}
	}
	m.own.queue.follow(ours, len(m.open), func(l lastWords) bool { return m.open[l.stream.pipe] == l.stream })
}

// lastWords is a stream, and how much had been written there when a run of its
// service died.
type lastWords struct {
	stream *stream
	upTo   int64
}

// follow has the next lines written behind what the streams have. Where we say
// nothing (-q), the list is cut down to those that are open, when it is longer than most.
func (q *queue) follow(streams []lastWords, most int, open func(lastWords) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.after) > most {
		q.after = slices.DeleteFunc(q.after, func(l lastWords) bool { return !open(l) })
	}
	for _, l := range streams {
		if i := slices.IndexFunc(q.after, func(o lastWords) bool { return o.stream == l.stream }); i >= 0 {
			q.after[i] = l
		} else {
			q.after = append(q.after, l)
		}
	}
}

// addTo adds the words to the batch, in a turn of another stream of the same sink:
// so much as was there at that moment, for others may go on writing.
func (l lastWords) addTo(b *batch) {
	s := l.stream
	if s.queue != nil {
		s.pump()
		for range s.queue.length() {
			s.queue.unload(s, b)
		}
		return
	}
	t, done := more, false
	for t == more && !done { // the last turn finds the end, where there is one
		done = s.taken >= l.upTo
		t = s.fill(b)
	}
	s.after(t)
}

// length is how many chunks wait in memory.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks)
}
