package stdio

import (
	"math"
	"sync"

	"sexton/service"
)

// tee carries to our stdout or stderr a copy of a stream that goes elsewhere. The copy is a
// stream of that sink, with a frame and an account of its own. The goroutine that owns the
// original cuts the lines of the copy too, and waits until they are taken, unless the
// service never waits: so the slower one of the two destinations sets the pace.
type tee struct {
	stream *stream
	taken  *sync.Cond // on queue.mu: nothing waits any longer; nil: the original does not wait
}

// teeOf names the account of the copy of an output.
func teeOf(which string) string { return which + service.TeeSuffix }

// teeBytes may wait before the original waits.
const teeBytes = 64 << 10

// newTee makes the copy of a stream of a run; nil: there is none, or the original goes to the
// same place.
func (m *Mux) newTee(o *Source, which string, original *sink) *tee {
	k := m.plainSink(which)
	if !o.Log.Tee || k == original {
		return nil
	}
	t := &tee{stream: &stream{sink: k, fd: -1, spare: -1}}
	m.mu.Lock()
	t.stream.account = m.accountOf(o.Service, teeOf(which))
	t.stream.queue = m.queueOf(t.stream.account, &o.Log)
	m.mu.Unlock()
	if t.stream.queue == nil {
		q := &queue{account: t.stream.account, mux: m, limit: math.MaxInt, chunk: dropChunkBytes}
		t.taken = sync.NewCond(&q.mu)
		t.stream.queue, q.taken = q, t.taken
	}
	t.begin(o, which)
	first := t.stream.frame
	t.stream.template = &first
	return t
}

// begin: the lines that follow are those of another run.
func (t *tee) begin(o *Source, which string) {
	if t == nil {
		return
	}
	s := t.stream
	s.frame = s.sink.mux.serviceFrame(o, which, s.sink)
	s.frame.HoldBack(false) // what comes is whole records
}

// put adds what the original has taken, and with last puts out a line without its end.
func (t *tee) put(data []byte, last bool) {
	if t != nil && (len(data) > 0 || last) {
		t.stream.feed(data, last)
	}
}

// wait lets the copy catch up. The original's lines so far are written first.
func (t *tee) wait(b *batch, places places) {
	if t == nil || t.taken == nil {
		return
	}
	q := t.stream.queue
	if !q.over(teeBytes) {
		return
	}
	b.flush()
	places.giveBack()
	defer places.take()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.chunks) > 0 {
		t.taken.Wait()
	}
}
