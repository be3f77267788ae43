package framing

import (
	"strconv"
	"unicode/utf8"
)

// object reports whether line is one JSON object, with only white space before and after
// it, and which of our own members it has itself: bit i for names[i]. It must be as strict as
// any reader of the line may be (RFC 8259). Objects nested deeper than maxObjectDepth do not count.
//
// encoding/json.Valid and a walk over the keys would do the same without an allocation, but
// take three times as long, and this is nearly all of the time that a merged line takes
// (DESIGN.md, "By hand or by library").
func object(line []byte, names []string) (has uint, ok bool) {
	if at := leading(line); at == len(line) || line[at] != '{' || !utf8.Valid(line) {
		return 0, false
	}
	o := objectScanner{b: line, names: names}
	ok = o.object(0)
	return o.has, ok && o.at+leading(line[o.at:]) == len(line)
}

// leading is how much white space stands at the beginning of b (RFC 8259, 2).
func leading(b []byte) int {
	for at, c := range b {
		if !isSpace(c) {
			return at
		}
	}
	return len(b)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isObject is object without a look at the names.
func isObject(line []byte) bool {
	_, ok := object(line, nil)
	return ok
}

const maxObjectDepth = 64

type objectScanner struct {
	b     []byte
	at    int
	names []string
	has   uint
}

// next skips white space and gives the byte after it; 0 at the end.
func (o *objectScanner) next() byte {
	for ; o.at < len(o.b); o.at++ {
		if c := o.b[o.at]; !isSpace(c) {
			return c
		}
	}
	return 0
}

// take skips c, if it is the next.
func (o *objectScanner) take(c byte) bool {
	if o.next() != c {
		return false
	}
	o.at++
	return true
}

func (o *objectScanner) object(depth int) bool {
	if depth == maxObjectDepth || !o.take('{') {
		return false
	}
	if o.take('}') {
		return true
	}
	for {
		if o.next() != '"' {
			return false
		}
		begin := o.at
		if !o.text() {
			return false
		}
		if depth == 0 {
			o.note(o.b[begin+1 : o.at-1])
		}
		if !o.take(':') || !o.value(depth) {
			return false
		}
		if o.take('}') {
			return true
		}
		if !o.take(',') {
			return false
		}
	}
}

// note remembers a member of the outermost object.
func (o *objectScanner) note(name []byte) {
	for i, ours := range o.names {
		if isNamed(name, ours) {
			o.has |= 1 << i
		}
	}
}

// isNamed tells whether a name as it stands in an object, which may be written with
// escapes, is ours: letters.
func isNamed(name []byte, ours string) bool {
	for i := range len(ours) {
		if len(name) == 0 {
			return false
		}
		c, n := uint64(name[0]), 1
		if c == '\\' {
			if n = escapeMost; len(name) < n || name[1] != 'u' {
				return false
			}
			c, _ = strconv.ParseUint(string(name[2:n]), 16, 16)
		}
		if c != uint64(ours[i]) {
			return false
		}
		name = name[n:]
	}
	return len(name) == 0
}

func (o *objectScanner) list(depth int) bool {
	if depth == maxObjectDepth || !o.take('[') {
		return false
	}
	if o.take(']') {
		return true
	}
	for {
		if !o.value(depth) {
			return false
		}
		if o.take(']') {
			return true
		}
		if !o.take(',') {
			return false
		}
	}
}

func (o *objectScanner) value(depth int) bool {
	switch c := o.next(); {
	case c == '{':
		return o.object(depth + 1)
	case c == '[':
		return o.list(depth + 1)
	case c == '"':
		return o.text()
	case c == 't':
		return o.word("true")
	case c == 'f':
		return o.word("false")
	case c == 'n':
		return o.word("null")
	case c == '-' || '0' <= c && c <= '9':
		return o.number()
	}
	return false
}

func (o *objectScanner) word(w string) bool {
	if len(o.b)-o.at < len(w) || string(o.b[o.at:o.at+len(w)]) != w {
		return false
	}
	o.at += len(w)
	return true
}

// text reads a string; its quote is the next byte.
func (o *objectScanner) text() bool {
	for o.at++; o.at < len(o.b); o.at++ {
		switch c := o.b[o.at]; {
		case c == '"':
			o.at++
			return true
		case c < 0x20:
			return false
		case c == '\\':
			if o.at++; o.at == len(o.b) {
				return false
			}
			switch o.b[o.at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					if o.at++; o.at == len(o.b) || !isHex(o.b[o.at]) {
						return false
					}
				}
			default:
				return false
			}
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func (o *objectScanner) number() bool {
	if o.b[o.at] == '-' {
		o.at++
	}
	if o.at < len(o.b) && o.b[o.at] == '0' {
		o.at++
	} else if !o.digits() {
		return false
	}
	if o.at < len(o.b) && o.b[o.at] == '.' {
		o.at++
		if !o.digits() {
			return false
		}
	}
	if o.at < len(o.b) && o.b[o.at]|0x20 == 'e' {
		o.at++
		if o.at < len(o.b) && (o.b[o.at] == '+' || o.b[o.at] == '-') {
			o.at++
		}
		return o.digits()
	}
	return true
}

func (o *objectScanner) digits() bool {
	begin := o.at
	for o.at < len(o.b) && '0' <= o.b[o.at] && o.b[o.at] <= '9' {
		o.at++
	}
	return o.at > begin
}
