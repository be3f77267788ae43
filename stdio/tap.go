package stdio

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"sexton/service"
)

// mark says that what was put into a ring from a byte on is of one output, and when it was read.
type mark struct {
	at    int64 // as ring.total
	when  int64 // in milliseconds
	which string
}

// markBytes is how much output has a mark of its own on average, when a service writes many
// short pieces: then the older ones are forgotten, together with their marks.
const markBytes = 16

// mark notes where the next bytes come from. The caller holds r.mu.
func (r *ring) mark(which string, now int64) {
	if n := len(r.marks); n > 0 && r.marks[n-1].which == which && r.marks[n-1].when == now {
		return
	}
	oldest := r.total - int64(len(r.data))
	gone := 0
	for gone+1 < len(r.marks) && r.marks[gone+1].at <= oldest {
		gone++
	}
	if most := r.limit/markBytes + markBytes; len(r.marks)-gone >= most {
		gone = len(r.marks) - most + 1
	}
	if gone > 0 && (gone > len(r.marks)/4 || len(r.marks) == cap(r.marks)) {
		r.marks = append(r.marks[:0], r.marks[gone:]...)
	}
	r.marks = append(r.marks, mark{r.total, now, which})
}

// which is the name of the output of a stream.
func (s *stream) which() string {
	if s.account == nil {
		return ""
	}
	return s.account.stream
}

// pieces returns what is kept, oldest first. The caller holds r.mu.
func (r *ring) pieces(name string) (all []service.Piece) {
	data := append(bytes.Clone(r.data[r.first:]), r.data[:r.first]...)
	oldest := r.total - int64(len(data))
	for i, m := range r.marks {
		end := r.total
		if i+1 < len(r.marks) {
			end = r.marks[i+1].at
		}
		begin := max(m.at, oldest)
		if end <= begin {
			continue
		}
		text := data[begin-oldest : end-oldest]
		if m.at < oldest { // the beginning of its first line may have been overwritten
			if _, rest, cut := bytes.Cut(text, newline); cut {
				text = rest
			}
		}
		if len(text) > 0 {
			all = append(all, service.Piece{Service: name, Stream: m.which, At: time.UnixMilli(m.when), Text: text})
		}
	}
	return all
}

// Tap follows the output of services for one client. What it has no room for is dropped for this
// client alone, and counted.
type Tap struct {
	mux      *Mux
	services []string // nil: all
	Backlog  []service.Piece
	news     chan struct{}

	mu      sync.Mutex // held for a few instructions, and while bytes are copied
	waiting []service.Piece
	bytes   int
	dropped Count
}

// tapBytes may wait for a client.
const tapBytes = 256 << 10

// Tap begins to follow services; nil: all of them, those that come later too. Its Backlog is what
// memory keeps of them, in the order of time. The caller closes it.
func (m *Mux) Tap(services []string) *Tap {
	m.begin()
	t := &Tap{mux: m, services: services, news: make(chan struct{}, 1)}
	m.mu.Lock()
	m.taps = append(m.taps, t)
	for name, r := range m.rings {
		m.tapOne(t, name, r)
	}
	m.mu.Unlock()
	slices.SortStableFunc(t.Backlog, func(a, b service.Piece) int { return a.At.Compare(b.At) })
	return t
}

// tap has the taps that want to follow a ring that is new. The caller holds m.mu.
func (m *Mux) tap(name string, r *ring) {
	for _, t := range m.taps {
		m.tapOne(t, name, r)
	}
}

func (m *Mux) tapOne(t *Tap, name string, r *ring) {
	if t.services != nil && !slices.Contains(t.services, name) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name = name
	t.Backlog = append(t.Backlog, r.pieces(name)...)
	r.taps = append(slices.Clip(r.taps), t)
}

// Close ends it.
func (t *Tap) Close() {
	m := t.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	other := func(o *Tap) bool { return o == t }
	m.taps = slices.DeleteFunc(m.taps, other)
	for _, r := range m.rings {
		r.mu.Lock()
		if r.taps = slices.DeleteFunc(slices.Clone(r.taps), other); len(r.taps) == 0 {
			r.taps = nil
		}
		r.mu.Unlock()
	}
}

// put takes bytes of a service, or drops them.
func (t *Tap) put(name, which string, when int64, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bytes+len(b) > tapBytes {
		t.dropped.Add(Count{Bytes: int64(len(b)), Lines: int64(bytes.Count(b, newline))})
		return
	}
	t.bytes += len(b)
	t.waiting = append(t.waiting, service.Piece{Service: name, Stream: which, At: time.UnixMilli(when), Text: bytes.Clone(b)})
	select {
	case t.news <- struct{}{}:
	default:
	}
}

// Next waits for output, and returns it in order, and what was dropped after it. ok is false when
// ctx is done.
func (t *Tap) Next(ctx context.Context) (pieces []service.Piece, lines, bytes int64, ok bool) {
	select {
	case <-t.news:
	case <-ctx.Done():
		return nil, 0, 0, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	pieces, t.waiting, t.bytes = t.waiting, nil, 0
	lines, bytes = t.dropped.Lines, t.dropped.Bytes
	t.dropped = Count{}
	return pieces, lines, bytes, true
}
