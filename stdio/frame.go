package stdio

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

const (
	// DefaultMaxLine is the longest line that we write, its prefix and its
	// newline included, unless service.Log says otherwise. Docker and containerd
	// split longer ones themselves, at 16 KiB, without asking where.
	DefaultMaxLine = 16 << 10
	minMaxLine     = 256
)

// frame cuts the bytes of one stream into lines and puts the prefix before
// each. What it writes depends on the bytes alone, not on how they were split
// among the calls of cut.
type frame struct {
	line  []byte // stands before a line
	more  []byte // stands before every piece of a line but the first
	time  span   // where the time stands in line and in more
	vary  []span // behind it, in order: words and numbers that other lines of the stream may have otherwise
	room  int    // the longest piece, without prefix and newline; at least one
	local bool   // the time is as in syslog(3)
	raw   bool   // no prefix, and no newline that was not in the input
	json  *jsonFrame

	inside  bool // the last piece ended inside a line
	scanned int  // bytes at the beginning of rest, as cut left it, that hold no newline
}

// span is a part of a slice: from begin to before end; empty: none.
type span struct{ begin, end int }

// limit sets how long a line may become, in bytes; 0 means DefaultMaxLine.
func (f *frame) limit(maxLine int) {
	if maxLine == 0 {
		maxLine = DefaultMaxLine
	}
	around := max(len(f.line), len(f.more)) + len("\n")
	if f.json != nil {
		around += len(jsonMore)
	}
	f.room = max(maxLine, minMaxLine, 2*around) - around
}

// most is the length that a whole line or piece has at most.
func (f *frame) most() int {
	if f.json != nil {
		return len(f.line) + f.room + len(jsonMore) + len("\n")
	}
	return max(len(f.line), len(f.more)) + f.room + len("\n")
}

// mostOf is the length that a whole line or piece has at most that is made of n bytes.
func (f *frame) mostOf(n int) int {
	if f.json != nil {
		n *= escapeMost
	}
	return min(f.most(), f.most()-f.room+n)
}

// framed is the length that text, a number of whole lines, has at most after
// cut.
func (f *frame) framed(text []byte) int {
	size := len(text)
	if f.json != nil {
		size *= escapeMost
	}
	pieces := bytes.Count(text, newline) + size/(f.room-escapeMost+1)
	return size + pieces*(f.most()-f.room)
}

// setTime puts the time, as stamp gives it, into what stands before lines.
func (f *frame) setTime(stamp *[stampBytes]byte) {
	if f.time.end == 0 {
		return
	}
	put := putStamp
	if f.local {
		put = putLocal
	}
	put(f.line[f.time.begin:f.time.end], stamp)
	if len(f.more) > 0 {
		put(f.more[f.time.begin:f.time.end], stamp)
	}
}

// cut appends the lines of src to dst, as far as there is room in dst; it never
// makes dst larger. rest is what was not cut. When full is false, rest is the
// beginning of a line whose end is still to come, and at most room bytes long:
// the caller gives it again, followed by what comes next. When full is true,
// the call is to be repeated with more room in dst. lines is how many were
// appended, a long line counting once for each of its pieces.
func (f *frame) cut(dst, src []byte) (out, rest []byte, lines int, full bool) {
	switch {
	case f.raw:
		return f.cutRaw(dst, src)
	case f.json != nil:
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
		if cap(dst)-len(dst) < len(prefix)+end+1 {
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

// cutRaw is cut without prefixes: all whole lines go at once. The pieces of a
// long line get no newline, since nothing is to be added, and are counted when
// their last one has gone.
func (f *frame) cutRaw(dst, src []byte) (out, rest []byte, lines int, full bool) {
	from := f.scanned
	for f.scanned = 0; len(src) > 0; from = 0 {
		window := src[:min(len(src), cap(dst)-len(dst))]
		end := bytes.LastIndexByte(window[min(from, len(window)):], '\n') + 1
		if end > 0 {
			end += from
		} else {
			// No line has its end here. Is it that there is no room?
			first := src[:min(len(src), f.room+1)]
			if next := indexNewline(first, from) + 1; next > len(window) {
				return dst, src, lines, true
			}
			if len(src) <= f.room {
				f.scanned = len(src)
				break
			}
			end = wholeRunes(first, f.room)
			if end > len(window) {
				return dst, src, lines, true
			}
		}
		dst = append(dst, src[:end]...)
		lines += bytes.Count(src[:end], newline)
		src = src[end:]
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

// last appends what is left of a stream that has ended: rest, as cut left
// it. dst must have room for it, see lastMost. lines is 1 as a rule, or 0 when
// there was nothing.
func (f *frame) last(dst, rest []byte) (out []byte, lines int) {
	if len(rest) == 0 {
		return dst, 0
	}
	switch {
	case f.json != nil:
		if rest[len(rest)-1] != '\n' { // a record that was held back has it
			rest = slices.Concat(rest, newline)
		}
		out, _, lines, _ = f.cutJSON(dst, rest, true)
		f.forget()
		f.inside = false
		return out, lines
	case f.raw:
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

// lastMost is how much last appends at most.
func (f *frame) lastMost(rest []byte) int {
	if f.json != nil {
		return f.framed(rest) + 2*f.most()
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

// measure tells how much of the stream is in the whole lines of the first n
// bytes of framed. framed is what calls of cut and last appended, from the
// beginning of a line on. It is for the day when a write fails half-way.
func (f *frame) measure(framed []byte, n int) Count {
	if f.raw {
		return Count{int64(n), int64(bytes.Count(framed[:n], newline))}
	}
	var c Count
	for {
		end := bytes.IndexByte(framed[:n], '\n') + 1
		if end == 0 {
			return c
		}
		c.Lines++
		if f.json != nil {
			c.Bytes += int64(f.json.source(f, framed[:end]))
			framed, n = framed[end:], n-end
			continue
		}
		head, more := f.head(framed, f.more)
		if !more {
			head, _ = f.head(framed, f.line)
		}
		c.Bytes += int64(end - head)
		framed, n = framed[end:], n-end
		if _, more := f.head(framed, f.more); more {
			c.Bytes-- // the newline was ours: the line goes on
		}
	}
}

// head tells whether framed begins with what stands before a line, f.line or f.more, and
// how long that is. The time in it may be any, and so may what varies: runs may share a
// pipe, and each line of ours has its own level.
func (f *frame) head(framed, line []byte) (n int, ok bool) {
	skip := func(from, to int) bool {
		part := line[from:to]
		if n > len(framed) || !bytes.HasPrefix(framed[n:], part) {
			return false
		}
		n += len(part)
		return true
	}
	from := f.time.end
	if !skip(0, f.time.begin) {
		return 0, false
	}
	n += f.time.end - f.time.begin
	for _, v := range f.vary {
		if !skip(from, v.begin) {
			return 0, false
		}
		for n < len(framed) && isWord(framed[n]) {
			n++
		}
		from = v.end
	}
	return n, skip(from, len(line))
}

func isWord(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
