package stdio

import (
	"sync"

	"sexton/stdio/framing"
)

// batch is what goes out with one write: lines of one stream or of several. It
// is borrowed for as long as there is something to do, and holds the only
// large buffers of the room.
type batch struct {
	to    taker
	in    []byte // what was read, behind the tail of the last time
	out   []byte // what is to be written; whole, or a buffer of its own for long lines
	whole []byte
	parts []part // the streams that the lines in out belong to, in the order of out

	// unfinished is the stream that has a line without its end at the end of out, or
	// of what was written before out; torn, if a failed write has left that line; nil,
	// if there is no such line. before is its value when out was empty.
	unfinished, before *stream
}

// torn stands for no stream: a line that a failed write has left without an
// end.
var torn = &stream{}

// part is a stretch of batch.out that belongs to one stream.
type part struct {
	stream     *stream
	begin, end int
	Count      // what it holds of the stream
}

// taker takes a batch that is full or at its end: a sink writes it, a queue
// keeps it. Afterwards out is the caller's again.
type taker interface{ take(*batch) }

const (
	// A pipe holds 64 KiB: reads of that size empty it, behind a tail of a line
	// that may be 16 KiB long.
	readBytes = 64 << 10
	inBytes   = readBytes + framing.DefaultMaxLine
	outBytes  = 128 << 10
)

// batches are those that are not in use. The garbage collector frees them after a
// while.
type batches struct{ pool sync.Pool }

// borrow returns an empty batch that hands over to to, when it holds size bytes
// at the latest.
func (p *batches) borrow(to taker, size int, unfinished *stream) *batch {
	b, ok := p.pool.Get().(*batch)
	if !ok {
		b = &batch{in: make([]byte, inBytes), whole: make([]byte, outBytes)}
	}
	b.to, b.unfinished, b.before = to, unfinished, unfinished
	b.out = b.whole[:0:size]
	return b
}

// giveBack ends the use of an empty batch.
func (p *batches) giveBack(b *batch) {
	clear(b.parts[:cap(b.parts)])
	b.to, b.out, b.parts, b.unfinished, b.before = nil, nil, b.parts[:0], nil, nil
	p.pool.Put(b)
}

// flush hands over what there is.
func (b *batch) flush() {
	if len(b.out) == 0 {
		return
	}
	b.to.take(b)
	b.out, b.parts, b.before = b.out[:0], b.parts[:0], b.unfinished
}

// open returns out, for lines of s to be appended and passed to add. If another stream has
// left a line open, a newline that ends it is there already.
func (b *batch) open(s *stream) (dst []byte) {
	if b.unfinished != nil && b.unfinished != s {
		return append(b.out, '\n')
	}
	return b.out
}

// add adds lines of s: out is dst, as open returned it, with something appended that holds
// c of the stream.
func (b *batch) add(s *stream, dst, out []byte, c Count) {
	begin := len(dst)
	if len(out) == begin {
		return
	}
	b.out = out
	b.unfinished = nil
	if out[len(out)-1] != '\n' {
		b.unfinished = s
	}
	if n := len(b.parts); n > 0 && b.parts[n-1].stream == s && b.parts[n-1].end == begin {
		b.parts[n-1].end = len(out)
		b.parts[n-1].Count.Add(c)
		return
	}
	b.parts = append(b.parts, part{s, begin, len(out), c})
}

// copyOf adds lines that were cut before: c of s. s is nil for a notice of
// ours, which is not counted.
func (b *batch) copyOf(s *stream, lines []byte, c Count) {
	b.makeRoom(len(lines))
	dst := b.open(s)
	b.add(s, dst, append(dst, lines...), c)
}

// makeRoom makes sure that n bytes can be added, with a newline before them. The batch
// becomes larger for a line that has no room in it.
func (b *batch) makeRoom(n int) {
	if n++; n > cap(b.out)-len(b.out) {
		b.flush()
	}
	if n > cap(b.out) {
		b.out = make([]byte, 0, n)
	}
}
