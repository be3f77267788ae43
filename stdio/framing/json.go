package framing

import (
	"bytes"
	"strconv"

	"sexton/pattern"
)

// jsonFrame is what a frame of the format JSON has besides. See NewJSON.
type jsonFrame struct {
	merge   bool             // a line that is an object is passed on as one
	members [6]span          // where each of jsonNames stands in frame.line, with its value
	join    *pattern.Matcher // a line that matches belongs to the record before it; nil: none does
	now     bool             // a record is not waited for any longer

	// How far record has come with a line that has not ended yet: so many bytes of it
	// make so many escaped.
	taken, size int
}

var jsonNames = [...]string{"time", "level", "service", "stream", "run", "pid"}

// Origin is where the lines of a stream come from: the members that each of its
// objects gets.
type Origin struct {
	Name, Stream, Level string
	Run                 uint64
	PID                 int
}

const (
	jsonEnd  = `"}`
	jsonMore = `","more":true}`
)

// NewJSON returns a frame that makes each line an object:
//
//	{"time":"2026-01-02T15:04:05.123456789Z","level":"info","service":"web","stream":"stdout","run":1,"pid":7,"line":"the text"}
//
// A piece of a long line that goes on ends in "more":true: a reader joins the line of
// this object and of the next one of the same service, stream and run. With merge, a
// line that is an object itself gets the members that it does not have. A line that
// matches join belongs to the record before it: the record is one object. join may be nil.
func NewJSON(from Origin, merge bool, join *pattern.Pattern) Frame {
	j := &jsonFrame{merge: merge}
	if join != nil {
		j.join = &pattern.Matcher{Pattern: join}
	}
	f := Frame{format: JSON, json: j, line: []byte("{")}
	var nothing [stampBytes]byte
	for i, value := range [...]string{
		string(nothing[:]), from.Level, from.Name, from.Stream, strconv.FormatUint(from.Run, 10), strconv.Itoa(from.PID),
	} {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		begin := len(f.line)
		f.line = append(f.line, '"')
		f.line = append(f.line, jsonNames[i]...)
		f.line = append(f.line, `":`...)
		at := len(f.line) + len(`"`)
		switch i {
		case 0:
			f.time = span{at, at + stampBytes}
			f.line = append(f.line, `"`+value+`"`...)
		case 4, 5: // numbers
			at--
			f.line = append(f.line, value...)
		default:
			f.line = append(f.line, '"')
			f.line = appendEscaped(f.line, []byte(value))
			f.line = append(f.line, '"')
		}
		if i == 1 || i >= 4 {
			f.vary = append(f.vary, span{at, at + len(value)})
		}
		j.members[i] = span{begin, len(f.line)}
	}
	f.line = append(f.line, `,"line":"`...)
	f.Limit(0)
	return f
}

// Holds reports whether tail, as Cut left it, has a record that may go on with the next
// line, and not just the beginning of a line.
func (f *Frame) Holds(tail []byte) bool {
	return f.format == JSON && f.json.join != nil && bytes.IndexByte(tail, '\n') >= 0
}

// HoldBack sets whether Cut holds a record back until a line shows where it ends. That
// is so at first; it matters for a frame with join only.
func (f *Frame) HoldBack(hold bool) {
	if f.format == JSON {
		f.json.now = !hold
	}
}

// record is what becomes one object.
type record struct {
	text  int  // how many bytes of the source are its text
	skip  int  // how many more it takes, its newline; 0: it is a piece, and goes on
	known bool // false: what is there does not tell where it ends
}

// cutJSON is cut for JSON. all tells that src is the end of its stream.
func (f *Frame) cutJSON(dst, src []byte, all bool) (out, rest []byte, lines int, full bool) {
	for len(src) > 0 {
		r := f.record(src, all || f.json.now)
		if !r.known {
			break
		}
		f.forget() // if there is no room now, it is looked at once more
		text := src[:r.text]
		if cap(dst)-len(dst) < len(f.line)+min(f.room, escapeMost*len(text))+len(jsonMore)+len("\n") {
			return dst, src, lines, true
		}
		dst = f.appendRecord(dst, text, r.skip == 0)
		src = src[r.text+r.skip:]
		f.inside = r.skip == 0
		lines++
	}
	return dst, src, lines, false
}

// forget drops what record remembers of src: it is about another one from now on.
func (f *Frame) forget() { f.scanned, f.json.taken, f.json.size = 0, 0, 0 }

// record looks for the end of the first record in src. It depends on the bytes
// alone, unless flush asks not to wait for lines that may belong to it.
func (f *Frame) record(src []byte, flush bool) record {
	window := src[:min(len(src), f.room+escapeMost)]
	end := indexNewline(window, f.scanned)
	// An object that is passed on as one is not escaped: longer ones fit.
	maybe := f.json.merge && !f.inside && max(end, 0) <= f.room && mayBeObject(window)
	if end < 0 {
		f.scanned = len(window)
		if escapeMost*len(window) <= f.room || maybe && len(window) <= f.room {
			return record{}
		}
		j := f.json
		taken, size, open := escaped(window[j.taken:], f.room-j.size, false)
		if taken += j.taken; taken < len(window) && !open {
			return record{text: taken, known: true}
		}
		j.taken, j.size = taken, size+j.size
		return record{}
	}
	if f.json.join == nil && escapeMost*end <= f.room {
		return record{end, 1, true} // it fits whatever is in it
	}
	taken, size, _ := escaped(window[:end], f.room, true)
	if taken < end {
		if maybe && isObject(window[:end]) {
			return record{end, 1, true}
		}
		return record{text: taken, known: true}
	}
	if f.json.join == nil {
		return record{end, 1, true}
	}
	for {
		next := window[end+1:]
		length := bytes.IndexByte(next, '\n')
		whole := length >= 0
		if !whole {
			length = len(next)
		}
		taken, more, open := escaped(next[:length], f.room-size-len(`\n`), whole)
		switch {
		case size+len(`\n`) > f.room || taken < length && !open:
			return record{end, 1, true} // it does not fit in, whatever it is
		case !whole:
			return record{end, 1, flush}
		case !f.json.join.Match(next[:length]):
			return record{end, 1, true}
		}
		end, size = end+1+length, size+len(`\n`)+more
	}
}

// mayBeObject tells whether the beginning of a line may be that of an object.
func mayBeObject(b []byte) bool {
	at := leading(b)
	return at == len(b) || b[at] == '{'
}

// appendRecord appends one object with its newline.
func (f *Frame) appendRecord(dst, text []byte, more bool) []byte {
	if f.json.merge && !more && !f.inside {
		if has, ok := object(text, jsonNames[:]); ok {
			return f.appendMerged(dst, text, has)
		}
	}
	dst = append(dst, f.line...)
	dst = appendEscaped(dst, text)
	if more {
		dst = append(dst, jsonMore...)
	} else {
		dst = append(dst, jsonEnd...)
	}
	return append(dst, '\n')
}

// appendMerged appends an object with our members before its own, but for those
// that it has itself. The first space parts the two: ours have none. An object that
// was written in several lines becomes one: outside of its strings, which have no
// newlines, a space is as good. White space around it stays.
func (f *Frame) appendMerged(dst, text []byte, has uint) []byte {
	dst = append(dst, '{')
	empty := true
	for i, m := range f.json.members {
		if has&(1<<i) != 0 {
			continue
		}
		if !empty {
			dst = append(dst, ',')
		}
		empty = false
		dst = append(dst, f.line[m.begin:m.end]...)
	}
	brace := leading(text)
	inner := text[brace+1:]
	if inner[leading(inner)] != '}' && !empty {
		dst = append(dst, ',')
	}
	dst = append(dst, ' ')
	begin := len(dst)
	dst = append(dst, text[:brace]...)
	dst = append(dst, inner...)
	for at := begin; ; {
		n := bytes.IndexByte(dst[at:], '\n')
		if n < 0 {
			return append(dst, '\n')
		}
		at += n
		dst[at] = ' '
	}
}

// source is how many bytes of the stream an object with its newline was made of.
func (j *jsonFrame) source(f *Frame, framed []byte) int {
	head, ours := f.head(framed, f.line)
	if !ours {
		return len(framed) - bytes.IndexByte(framed, ' ') // some of our members were its own
	}
	text := framed[head : len(framed)-1]
	if rest, more := bytes.CutSuffix(text, []byte(jsonMore)); more {
		return unescaped(rest)
	}
	return unescaped(text[:len(text)-len(jsonEnd)]) + 1
}
