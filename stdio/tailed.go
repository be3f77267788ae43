package stdio

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"sexton/pattern"
	"sexton/service"
	"sexton/stdio/tail"
)

// Log files that a service writes by itself (log.tail) are followed by package tail. Their
// lines are a third output of the service, Tail, and go where its stdout goes. They are never
// dropped for lack of room: they wait in their files.

// Tail is the output of a service that comes from its log files.
const Tail = "tail"

// tails are all log files that are followed.
type tails struct {
	once     sync.Once
	follower *tail.Follower
	begun    atomic.Bool

	mu       sync.Mutex
	services map[string]*tailed
	unread   map[string]int64 // at our own end
	finished bool             // Finish has read everything
}

// tailed is a service whose files are followed.
type tailed struct {
	source Source
	seq    int // counts the runs
	known  bool
}

// Follow follows the log files of a service that match the patterns, from their present
// ends, for a run that is about to start. Their lines wait for TailOf. It looks at files, and
// waits for that until ctx is done.
func (m *Mux) Follow(ctx context.Context, service string, patterns []string) error {
	m.begin()
	t := &m.tails
	t.once.Do(func() {
		t.follower = tail.New(tail.Options{
			Lines: m.tailLines,
			Say:   func(service, text string) { m.Say(Warnings, service, text) },
		})
		t.follower.Start()
		t.begun.Store(true)
	})
	return t.follower.Begin(ctx, service, patterns)
}

// TailOf says which run writes to the log files of its service from now on, and how their
// lines look. pid is 0 until it is known.
func (m *Mux) TailOf(o Source, pid int) {
	t := &m.tails
	if !t.begun.Load() {
		return
	}
	o.pid = pid
	if o.Log.Join != "" {
		o.join, _ = pattern.Compile(o.Log.Join)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.services == nil {
		t.services = make(map[string]*tailed)
	}
	seq := 1
	if was := t.services[o.Service]; was != nil {
		seq = was.seq + 1
	}
	t.services[o.Service] = &tailed{source: o, seq: seq, known: pid != 0}
	t.follower.Wake()
}

// Unfollow ends what Follow has begun.
func (m *Mux) Unfollow(service string) {
	t := &m.tails
	if !t.begun.Load() {
		return
	}
	t.mu.Lock()
	_, follows := t.services[service]
	delete(t.services, service)
	t.mu.Unlock()
	if follows {
		t.follower.Forget(service)
	}
}

// of is a service whose files are followed; nil: it is not known yet how its lines look.
func (t *tails) of(service string) *tailed {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.services[service]
}

// tailLines is tail.Lines over a stream of the sink of the service's stdout. The goroutine of
// the follower owns the stream.
type tailLines struct {
	mux     *Mux
	service string
	stream  *stream // nil: nothing came yet
	seq     int     // of the run that the frame is about
}

func (m *Mux) tailLines(service string) tail.Lines { return &tailLines{mux: m, service: service} }

// Put is tail.Lines's.
func (l *tailLines) Put(data []byte) {
	if t := l.mux.tails.of(l.service); t != nil && t.seq != l.seq {
		l.follow(t)
	}
	l.stream.feed(data, false)
}

// Full is tail.Lines's.
func (l *tailLines) Full() bool {
	if l.mux.tails.of(l.service) == nil {
		return true // TailOf wakes the follower
	}
	return l.stream != nil && (l.stream.queue.over(tailBytes) || l.stream.tee != nil && l.stream.tee.stream.queue.over(tailBytes))
}

// End is tail.Lines's.
func (l *tailLines) End() {
	if l.stream != nil {
		l.stream.feed(nil, true)
	}
}

// tailBytes may wait to be written before the file waits.
const tailBytes = 64 << 10

// follow makes the stream, or gives it the frame of a new run.
func (l *tailLines) follow(t *tailed) {
	m, o := l.mux, &t.source
	l.seq = t.seq
	k := m.sinkOf(&o.Log, Tail)
	if l.stream != nil && l.stream.sink == k {
		s := l.stream
		s.tee.begin(o, Tail)
		s.frame = m.serviceFrame(o, Tail, k)
		s.frame.HoldBack(false)
		return
	}
	l.End()
	s := &stream{sink: k, fd: -1, spare: -1, frame: m.serviceFrame(o, Tail, k)}
	s.frame.HoldBack(false)
	first := s.frame
	s.template = &first
	m.mu.Lock()
	s.account = m.accountOf(o.Service, Tail)
	s.ring = m.ringOf(o.Service, o.Log.Recent)
	m.mu.Unlock()
	s.queue = &queue{account: s.account, mux: m, limit: math.MaxInt, chunk: dropChunkBytes, emptied: m.tails.follower.Wake}
	patient := *o
	patient.Log.Overflow = service.Block // what waits is in the file
	if s.tee = m.newTee(&patient, Tail, k); s.tee != nil {
		s.tee.stream.queue.emptied = m.tails.follower.Wake
	}
	l.stream = s
}

// feed adds bytes that were not read from a descriptor of the stream, and with last puts out a
// line that has no end yet. The stream has a queue, and the caller owns it.
func (s *stream) feed(data []byte, last bool) {
	m := s.sink.mux
	s.account.in.bytes.Add(int64(len(data)))
	m.stamp(&s.frame)
	if len(s.tail) > 0 {
		data = append(s.tail[:len(s.tail):len(s.tail)], data...)
	}
	b := m.batches.borrow(s.queue, s.queue.chunk, nil)
	if s.tail = nil; len(data) > 0 {
		s.cut(b, data)
	}
	if last {
		s.last(b)
	}
	b.flush()
	m.batches.giveBack(b)
}

// over tells whether more than so many bytes wait in memory.
func (q *queue) over(bytes int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes > bytes
}

// finish reads the log files to their ends, for our own end. It returns when that is done, or
// after the time most.
func (t *tails) finish(most time.Duration, changed func()) {
	if !t.begun.Load() {
		return
	}
	t.mu.Lock()
	t.finished = false
	t.mu.Unlock()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), most)
		defer cancel()
		t.follower.Finish(ctx, func(unread map[string]int64) {
			t.mu.Lock()
			t.finished, t.unread = len(unread) == 0, unread
			t.mu.Unlock()
			changed()
		})
	}()
}

// quiet tells whether finish has read everything.
func (t *tails) quiet() bool {
	if !t.begun.Load() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.finished
}

// left is what was not read of the files.
func (t *tails) left() (all []Leftover) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for service, n := range t.unread {
		all = append(all, Leftover{Service: service, Stream: Tail, Unread: n})
	}
	return all
}
