// Package framing cuts the bytes of a stream into lines and puts a frame around each
// line: a prefix, a JSON object, or the header of a syslog message. It is pure: bytes
// go in, framed lines come out, and nothing here knows a descriptor or a goroutine.
//
// A line of a service "web" reads, in the format Prefix,
//
//	web    | the text
//
// A line that is too long comes in pieces, each a line of its own. All pieces but the
// first have a plus sign, so that a reader can join them again:
//
//	web    | the first piece
//	web    |+of a long line
//
// Nothing else is changed: carriage returns, NUL bytes and bytes that are not UTF-8
// pass as they are. A last line without a newline gets one. The other formats are
// described at their constructors.
package framing

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	// DefaultMaxLine is the length of the longest line, with its frame and its
	// newline, unless Limit sets another. Docker and containerd split longer lines
	// themselves, at 16 KiB, without regard to characters.
	DefaultMaxLine = 16 << 10
	minMaxLine     = 256
)

// Format says what a frame looks like.
type Format uint8

const (
	Prefix  Format = iota // something before each line; perhaps nothing
	Raw                   // the bytes as they are: no prefix, and no newline that was not in the input
	JSON                  // an object for each line
	RFC3164               // a syslog message as syslog(3) sends it
	RFC5424               // a syslog message as RFC 5424 defines it
)

// Frame cuts the bytes of one stream into lines and puts the frame around each. The
// constructors (Prefixed, Titled, NewRaw, NewJSON, NewSyslog) make one. Its output
// depends on the bytes alone, not on how they were split among the calls of Cut. A
// copy is a frame of its own, but shares the time with the original.
type Frame struct {
	format Format
	line   []byte // stands before a line
	more   []byte // stands before every piece of a line but the first
	time   span   // where the time stands in line and in more
	vary   []span // behind the time, in order: words and numbers that other lines of the stream may have otherwise
	room   int    // the longest piece, without frame and newline; at least one
	json   *jsonFrame

	inside  bool // the last piece ended inside a line
	scanned int  // bytes at the beginning of rest, as Cut left it, that hold no newline
}

// NewRaw returns a frame of the format Raw.
func NewRaw() Frame {
	f := Frame{format: Raw}
	f.Limit(0)
	return f
}

// Format is what the frame looks like.
func (f *Frame) Format() Format { return f.format }

// Timed reports whether lines bear the time.
func (f *Frame) Timed() bool { return f.time.end > 0 }

// Varies reports whether lines bear something that differs from run to run.
func (f *Frame) Varies() bool { return len(f.vary) > 0 }

// Reset forgets the line that was begun: the next byte begins a line.
func (f *Frame) Reset() { f.inside, f.scanned = false, 0 }

// span is a part of a slice: from begin to before end; empty: none.
type span struct{ begin, end int }

// Limit sets how long a line may become, in bytes, with its frame; 0 means
// DefaultMaxLine. Less than 256 bytes, or than twice the frame, counts as that.
func (f *Frame) Limit(maxLine int) {
	if maxLine == 0 {
		maxLine = DefaultMaxLine
	}
	around := max(len(f.line), len(f.more)) + len("\n")
	if f.format == JSON {
		around += len(jsonMore)
	}
	f.room = max(maxLine, minMaxLine, 2*around) - around
}

// most is the length that a whole line or piece has at most.
func (f *Frame) most() int {
	if f.format == JSON {
		return len(f.line) + f.room + len(jsonMore) + len("\n")
	}
	return max(len(f.line), len(f.more)) + f.room + len("\n")
}

// MostOf is the largest length of a framed line or piece that is made of n bytes.
func (f *Frame) MostOf(n int) int {
	if f.format == JSON {
		n *= escapeMost
	}
	return min(f.most(), f.most()-f.room+n)
}

// RoomFor is the length that text, a number of whole lines, has at most after
// cut.
func (f *Frame) RoomFor(text []byte) int {
	size := len(text)
	if f.format == JSON {
		size *= escapeMost
	}
	pieces := bytes.Count(text, newline) + size/(f.room-escapeMost+1)
	return size + pieces*(f.most()-f.room)
}

// SetTime puts the time into what stands before lines, if there is a place for it.
func (f *Frame) SetTime(t time.Time) {
	if !f.Timed() {
		return
	}
	put := putStamp
	if f.format == RFC3164 {
		put = putLocal
	}
	s := stamp(t)
	put(f.line[f.time.begin:f.time.end], &s)
	if len(f.more) > 0 {
		put(f.more[f.time.begin:f.time.end], &s)
	}
}

// Cut appends the lines of src to dst, as far as there is room in dst; it never
// makes dst larger. rest is what was not cut. When full is false, rest is the
// beginning of a line whose end is still to come: the caller passes it again,
// followed by what comes next. When full is true, the caller repeats the call with
// more room in dst; MostOf tells how much is enough. lines is how many lines were
// appended; a long line counts once for each of its pieces.
func (f *Frame) Cut(dst, src []byte) (out, rest []byte, lines int, full bool) {
	switch {
	case f.format == Raw:
		return f.cutRaw(dst, src)
	case f.format == JSON:
		return f.cutJSON(dst, src, false)
	}
	prefix := f.line
	if f.inside {
		prefix = f.more
	}
	from := f.scanned
	for f.scanned = 0; len(src) > 0; from = 0 {
		// One byte more than there is room for: only if the line goes on behind a
		// full piece is it a piece.
		window := src[:min(len(src), f.room+1)]
		end := indexNewline(window, from) + 1
		piece := end == 0
		if piece {
			if len(src) <= f.room {
				f.scanned = len(src)
				break
			}
			end = wholeRunes(window, f.room)
		}
		size := len(prefix) + end
		if piece {
			size++ // its newline
		}
		if cap(dst)-len(dst) < size {
			return dst, src, lines, true
		}
		dst = append(dst, prefix...)
		dst = append(dst, src[:end]...)
		src = src[end:]
		prefix, f.inside = f.line, piece
		if piece {
			dst = append(dst, '\n')
			prefix = f.more
		}
		lines++
	}
	return dst, src, lines, false
}

var newline = []byte("\n")

// indexNewline is where the first newline of b is, of which the first from bytes hold
// none; -1: nowhere.
func indexNewline(b []byte, from int) int {
	from = min(from, len(b))
	if at := bytes.IndexByte(b[from:], '\n'); at >= 0 {
		return from + at
	}
	return -1
}

// Lines frames text, which is whole lines, in one go. It appends nothing to anything:
// the lines are new. n is how many they are.
func (f *Frame) Lines(text []byte) (lines []byte, n int) {
	lines, _, n, _ = f.Cut(make([]byte, 0, f.RoomFor(text)), text)
	return lines, n
}

// Last appends what is left of a stream that has ended: rest, as Cut left
// it. dst must have room for it, see LastMost. lines is 1 as a rule, or 0 when
// there was nothing.
func (f *Frame) Last(dst, rest []byte) (out []byte, lines int) {
	if len(rest) == 0 {
		return dst, 0
	}
	switch {
	case f.format == JSON:
		if rest[len(rest)-1] != '\n' { // a record that was held back has it
			rest = slices.Concat(rest, newline)
		}
		out, _, lines, _ = f.cutJSON(dst, rest, true)
		f.forget()
		f.inside = false
		return out, lines
	case f.format == Raw:
		f.scanned = 0
		return append(dst, rest...), 1
	case f.inside:
		dst = append(dst, f.more...)
	default:
		dst = append(dst, f.line...)
	}
	f.inside, f.scanned = false, 0
	dst = append(dst, rest...)
	return append(dst, '\n'), 1
}

// LastMost is how much Last appends at most.
func (f *Frame) LastMost(rest []byte) int {
	if f.format == JSON {
		return f.RoomFor(rest) + 2*f.most()
	}
	return f.most()
}

// wholeRunes is where to cut b when n bytes are to be taken at most: there, or
// before the character that this would tear. b is longer than n.
func wholeRunes(b []byte, n int) int {
	for at := n; at > 0 && at > n-utf8.UTFMax; at-- {
		if utf8.RuneStart(b[at]) {
			return at
		}
	}
	return n
}
