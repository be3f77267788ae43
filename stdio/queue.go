package stdio

import (
	"sync"

	"sexton/service"
	"sexton/stdio/framing"
)

// queue keeps the lines of an output that never waits, of all its runs: whole lines, in
// chunks, up to a limit. When it is full, new lines go to the spill; without a spill the
// oldest chunk is dropped.
type queue struct {
	account *account
	mux     *Mux
	limit   int // bytes that may wait
	chunk   int // bytes that are dropped together

	mu      sync.Mutex  // held while lines are copied
	chunks  []chunk     // oldest first
	spare   []byte      // of a chunk that went, for the next; nil while nothing waits
	bytes   int         // in chunks
	dropped Count       // not said yet
	spill   *spill      // nil: none
	after   []lastWords // what they have goes before the next chunk; of our own lines only
	failed  bool        // the spill takes nothing, which was said
	taken   *sync.Cond  // signalled when nothing waits in memory any longer; nil: nothing waits for that
	emptied func()      // called then; nil: nothing waits for that. It never waits
}

type chunk struct {
	lines  []byte
	stream *stream
	Count
	after []lastWords // which come before
}

// queueOf finds or makes the queue of an output; nil if it waits. The caller holds
// m.mu.
func (m *Mux) queueOf(a *account, log *service.Log) *queue {
	q := m.queues[a]
	if q != nil || log.Overflow == service.Block {
		return q
	}
	q = &queue{account: a, mux: m, limit: dropQueueBytes, chunk: dropChunkBytes}
	if log.Overflow == service.Spill {
		q.spill = newSpill(log.SpillDir, log.SpillBytes)
	}
	if m.queues == nil {
		m.queues = make(map[*account]*queue)
	}
	m.queues[a] = q
	return q
}

// take puts the lines of a batch into the queue, and has the sink serve it.
func (q *queue) take(b *batch) {
	for i := range b.parts {
		p := &b.parts[i]
		q.put(p.stream, b.out[p.begin:p.end], p.Count)
		p.stream.sink.enqueue(p.stream)
	}
}

// put adds lines of a stream: as many as a chunk or fewer when they are short, a single
// one when it is long.
func (q *queue) put(s *stream, lines []byte, c Count) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.spill != nil && (len(q.spill.index) > 0 || q.bytes+len(lines) > q.limit) && q.spillOver(s, lines, c) {
		return
	}
	n := len(q.chunks)
	if n > 0 && len(q.after) == 0 && q.chunks[n-1].stream == s && len(q.chunks[n-1].lines)+len(lines) <= q.chunk {
		last := &q.chunks[n-1]
		last.lines = append(last.lines, lines...)
		last.Count.Add(c)
	} else {
		q.chunks = append(q.chunks, chunk{append(q.spare, lines...), s, c, q.after})
		q.spare, q.after = nil, nil
	}
	q.bytes += len(lines)
	for q.bytes > q.limit && len(q.chunks) > 1 {
		oldest := q.shift()
		q.account.dropped.add(oldest.Count)
		q.dropped.Add(oldest.Count)
		q.spare = oldest.lines[:0]
	}
}

// spillOver puts lines on disk, and reports whether they are done with. If the disk does
// not take them, they stay for memory when nothing on disk must go out before them;
// otherwise they are dropped. The caller holds q.mu.
func (q *queue) spillOver(s *stream, lines []byte, c Count) bool {
	dropped, err := q.spill.put(s, lines, c)
	q.account.dropped.add(dropped)
	if err == nil {
		q.failed = false
		return true
	}
	if !q.failed {
		q.failed = true
		q.mux.Say(Errors, q.account.service, "cannot spill its output: "+err.Error()+"; what does not fit into memory is dropped")
	}
	if len(q.spill.index) == 0 {
		q.dropped.Add(q.spill.gone)
		q.spill.gone = Count{}
		return false
	}
	q.account.dropped.add(c)
	q.spill.gone.Add(c)
	return true
}

// shift takes the oldest chunk out. There is one, and the caller holds q.mu.
func (q *queue) shift() chunk {
	oldest := q.chunks[0]
	q.chunks[0] = chunk{}
	q.chunks = q.chunks[1:]
	q.bytes -= len(oldest.lines)
	return oldest
}

// get takes the oldest chunk out, and what was dropped before it.
func (q *queue) get() (first chunk, dropped Count, left int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	dropped, q.dropped = q.dropped, Count{}
	if len(q.chunks) > 0 {
		first = q.shift()
	} else if q.spill != nil && len(q.spill.index) > 0 {
		lines, s, err := q.spill.get()
		dropped.Add(s.dropped)
		if err != nil {
			q.account.dropped.add(s.Count)
			dropped.Add(s.Count)
		} else {
			first = chunk{lines, s.stream, s.Count, nil}
		}
	}
	left = len(q.chunks)
	if q.spill != nil {
		left += len(q.spill.index)
		if len(q.spill.index) == 0 { // what is missing is missing behind these lines
			q.dropped, q.spill.gone = q.spill.gone, Count{}
		}
		if q.dropped != (Count{}) {
			left++
		}
	}
	return first, dropped, left
}

// done gives back a chunk whose lines were copied.
func (q *queue) done(c chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.spare = c.lines[:0]; len(q.chunks) > 0 {
		return
	}
	q.chunks, q.spare = nil, nil
	if q.taken != nil {
		q.taken.Broadcast()
	}
	if q.emptied != nil {
		q.emptied()
	}
}

// unload moves one chunk into a batch of the sink, in the turn of any of its streams.
func (q *queue) unload(s *stream, b *batch) turn {
	first, dropped, left := q.get()
	for _, dead := range first.after {
		dead.addTo(b)
	}
	if dropped.Lines+dropped.Bytes > 0 {
		s.sayDropped(b, dropped)
	}
	if len(first.lines) > 0 {
		b.copyOf(first.stream, first.lines, first.Count)
	}
	q.done(first)
	if left > 0 {
		return more
	}
	return wait
}

// sayDropped reports how much is missing, in its place among the lines; for a raw
// stream, which must stay as it is, with a line of our own.
func (s *stream) sayDropped(b *batch, c Count) {
	m := s.sink.mux
	text := c.String() + " dropped for lack of room"
	switch {
	case s == m.own:
		text = "of our own lines " + text
	case s.look().Format() == framing.Raw:
		m.Say(Warnings, s.account.service, text)
		return
	default:
		text = s.account.service + ": " + text
	}
	f := m.noticeFrame(s)
	m.stamp(&f)
	line, _ := f.Lines([]byte(text + "\n"))
	b.copyOf(nil, line, Count{})
}
