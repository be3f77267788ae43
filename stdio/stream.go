package stdio

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"sexton/stdio/framing"
)

// stream is one output of one run: a pipe or terminal that we read, and how its lines go
// on. While it has nothing to read it is only this record: no goroutine, no
// buffer.
//
// At any time one goroutine owns its fields: the sink's, while it serves the
// stream; or, for a stream with a queue, the one that holds mu.
type stream struct {
	account  *account
	sink     *sink
	ring     *ring // of the latest output; nil: none is kept
	fd       int   // -1: our own lines, or closed
	pipe     int32 // what fd was at the beginning
	terminal bool  // fd is our side of a pseudo-terminal
	tee      *tee  // a copy of it; nil: none
	frame    framing.Frame
	template *framing.Frame // where frame follows the run: one that never changes, see look; else nil
	tail     []byte         // of a line whose end was not read yet
	lastLine *lastLine      // nil: it is not kept
	queue    *queue         // for streams that never wait: what waits instead, of earlier runs too; nil for others
	ended    bool           // the tail was put out because of ending
	waiting  *time.Timer    // for lines that may belong to the record in the tail
	mu       sync.Mutex

	// See shared.go.
	output  *Source    // what the frame of the next run is made of
	spare   int        // under Mux.mu: our copy of the other end; -1: none
	reading sync.Mutex // held for a read that does not block, and for the next two
	taken   int64      // bytes that were read
	starts  []runStart // of runs that come later in the pipe

	// ending asks to put out the tail as well, when there is no more to read at
	// the moment: we are about to end, and the pipe is not.
	ending atomic.Bool

	// overdue asks to put out the record in the tail: nothing came for a while.
	overdue atomic.Bool

	// Guarded by sink.mu.
	following *stream // the one behind it in the list
	listed    bool    // in the list, or being served
	again     bool    // to be served once more after that
}

// turn says what a stream needs after its turn.
type turn uint8

const (
	wait turn = iota // there was nothing more to read
	more             // there may be more
	over             // it has ended
)

// wake has the stream read: by the sink in its turn, or here and now if it must
// not wait.
func (s *stream) wake() {
	if s.queue == nil {
		s.sink.enqueue(s)
	} else {
		s.pump()
	}
}

// serve is one turn of the stream.
func (s *stream) serve(b *batch) turn {
	if s.queue != nil {
		return s.queue.unload(s, b)
	}
	t := s.fill(b)
	s.after(t)
	return t
}

// pump reads into the queue, which never waits: everything, or so much that other
// streams must have their turn first.
func (s *stream) pump() {
	s.sink.mux.pumps.take()
	defer s.sink.mux.pumps.giveBack()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.sink.mux.batches.borrow(s.queue, s.queue.chunk, nil)
	t := more
	for n := 0; t == more && n < maxReads; n++ {
		t = s.fill(b)
		b.flush()
	}
	s.sink.mux.batches.giveBack(b)
	s.after(t)
	if t != over {
		s.arm()
	}
}

// maxReads is how often a stream that does not wait is read in a row.
const maxReads = 8

// fill reads once, and adds what was read to the batch.
func (s *stream) fill(b *batch) turn {
	if s.fd < 0 {
		return over
	}
	n, next, err := s.readRun(s.space(b.in))
	switch {
	case next:
		s.nextRun(b)
		return more
	case err == unix.EINTR:
		return more
	case err == unix.EAGAIN:
		if s.ending.Load() {
			s.last(b)
			s.ended = true
		} else if s.frame.Holds(s.tail) {
			s.await(b)
		}
		return wait
	case n <= 0: // the end; of a terminal it is EIO
		s.last(b)
		return over
	}
	if s.terminal {
		s.sink.mux.Resize()
	}
	s.account.in.bytes.Add(int64(n))
	s.overdue.Store(false) // something did come
	s.sink.mux.stamp(&s.frame)
	s.cut(b, s.withTail(b.in, n))
	s.tee.wait(b, s.sink.places)
	return more
}

// cut adds the lines of data to the batch, and keeps the beginning of a line that is left. It
// hands over whenever the batch is full, and makes it larger for a line that has no room in it.
func (s *stream) cut(b *batch, data []byte) {
	for rest, full := data, true; full; {
		before := rest
		dst := b.open(s)
		var out []byte
		var lines int
		out, rest, lines, full = s.frame.Cut(dst, before)
		n := len(before) - len(rest)
		s.account.in.lines.Add(int64(lines))
		b.add(s, dst, out, Count{Bytes: int64(n), Lines: int64(lines)})
		s.ring.add(s, before[:n])
		s.lastLine.add(before[:n])
		s.tee.put(before[:n], false)
		switch {
		case !full:
			s.keep(data, rest)
		case len(b.out) == 0:
			b.makeRoom(s.frame.MostOf(len(rest)))
		default:
			b.flush()
		}
	}
}

// last adds the tail of a stream that has ended, or of one that is not waited for any longer.
func (s *stream) last(b *batch) {
	rest := s.tail
	s.tail = nil
	s.tee.put(rest, true)
	if len(rest) == 0 {
		return
	}
	b.makeRoom(s.frame.LastMost(rest))
	dst := b.open(s)
	out, lines := s.frame.Last(dst, rest)
	s.ring.add(s, rest)
	s.lastLine.add(rest)
	s.account.in.lines.Add(int64(lines))
	b.add(s, dst, out, Count{Bytes: int64(len(rest)), Lines: int64(lines)})
}

// recordWait is how long a record is kept back for want of a line that shows
// whether it goes on.
const recordWait = 100 * time.Millisecond

// await puts out the record in the tail if nothing has come for long enough; otherwise it
// has itself called again after that time.
func (s *stream) await(b *batch) {
	if s.overdue.Swap(false) {
		s.frame.HoldBack(false)
		s.cut(b, s.tail)
		s.frame.HoldBack(true)
		return
	}
	if s.waiting == nil {
		s.waiting = time.AfterFunc(recordWait, func() {
			s.overdue.Store(true)
			s.wake()
		})
		return
	}
	s.waiting.Reset(recordWait)
}

// after comes behind a turn, when the sink has what the turn gave. Flush looks at the
// streams first and at the sinks then, and must find the bytes at one of them.
func (s *stream) after(t turn) {
	if t == over && s.fd >= 0 {
		s.close()
	}
	if s.ended {
		s.ended = false
		s.ending.Store(false)
	}
	if t != more {
		s.sink.mux.changed()
	}
}

// arm asks for a report of what comes next, unless that is a run's that is about to start:
// Pipes does it then.
func (s *stream) arm() {
	s.reading.Lock()
	defer s.reading.Unlock()
	if len(s.starts) == 0 || s.starts[0].at > s.taken || !s.starts[0].waits {
		s.sink.mux.poller.arm(s.fd)
	}
}

func (s *stream) close() {
	m := s.sink.mux
	m.mu.Lock()
	delete(m.open, int32(s.fd))
	s.account.streams = slices.DeleteFunc(s.account.streams, func(o *stream) bool { return o == s })
	s.dropSpare()
	m.mu.Unlock()
	s.lastLine.end()
	m.poller.remove(s.fd)
	_ = unix.Close(s.fd)
	s.fd = -1
	s.ending.Store(false)
}
