package stdio

import (
	"errors"
	"math"
	"sync"

	"sexton/paths"
)

// detour carries lines to stdout that must not go to their file. They are framed already,
// and are a stream of stdout's sink, so that lines there are not mixed. The file's
// goroutine waits until they are taken, as it would wait for the file.
type detour struct {
	stream *stream
	taken  *sync.Cond // on queue.mu: what waited was taken
}

// newDetour leads to k.
func newDetour(m *Mux, k *sink) *detour {
	q := &queue{account: &account{}, mux: m, limit: math.MaxInt, chunk: dropChunkBytes}
	d := &detour{stream: &stream{sink: k, fd: -1, queue: q, account: q.account}, taken: sync.NewCond(&q.mu)}
	q.taken = d.taken
	return d
}

// put adds lines of a stream; nil for a notice of ours.
func (d *detour) put(s *stream, lines []byte, c Count) { d.stream.queue.put(s, lines, c) }

// wait has what was put taken, and waits for that without the place of the file.
func (d *detour) wait(places places) {
	places.giveBack()
	defer places.take()
	d.stream.sink.enqueue(d.stream)
	q := d.stream.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) > 0 {
		d.taken.Wait()
	}
}

// refused is why a file must not be opened, if that is the error.
func refused(err error) *paths.Refused {
	var r *paths.Refused
	if errors.As(err, &r) {
		return r
	}
	return nil
}
