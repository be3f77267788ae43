package framing

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// What stands in a JSON string must be valid UTF-8, and quotes, backslashes and
// control characters are written otherwise (RFC 8259, 7). A byte that belongs
// to no character becomes \ufffd, in six letters, so that it can be told from
// the character U+FFFD, which passes as it is.

// escapeMost is how many bytes one byte may become.
const escapeMost = len(`\u0000`)

const hex = "0123456789abcdef"

// plain is how many bytes at the front of b stand for themselves.
func plain(b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if found := special(binary.LittleEndian.Uint64(b[n:])); found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	if n > 0 { // the last of them, some for the second time
		n = len(b) - 8
		return n + bits.TrailingZeros64(special(binary.LittleEndian.Uint64(b[n:])))/8
	}
	for n < len(b) && b[n] >= 0x20 && b[n] < utf8.RuneSelf && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

// special has the highest bit set of the lowest of eight bytes that does not stand for
// itself, and perhaps of some above it; it is 0 when all do. A difference borrows
// from the byte above only where its own byte is hit. With 2 taken from the quote
// and given to the space, what is below 0x21 is a control character or the quote.
func special(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*2, w^ones*'\\'
	return (w | (quote - ones*0x21) | (slash - ones)) & high
}

// escaped measures how much of text fits into room bytes once it is escaped:
// the first taken bytes of it, which become size. No character is torn. taken
// is less than len(text) when there is no room for the next one, or when it is
// an incomplete one at the end and whole is false: then more may be coming, and
// open is true.
func escaped(text []byte, room int, whole bool) (taken, size int, open bool) {
	for taken < len(text) {
		n := plain(text[taken:])
		if size+n > room {
			return taken + room - size, room, false
		}
		if taken, size = taken+n, size+n; taken == len(text) {
			break
		}
		from, to := one(text[taken:])
		if from == 0 {
			if !whole {
				return taken, size, true
			}
			from, to = 1, escapeMost
		}
		if size+to > room {
			return taken, size, false
		}
		taken, size = taken+from, size+to
	}
	return taken, size, false
}

// one is how many bytes the character at the front of b has, and how many it
// becomes. from is 0 when b ends within it.
func one(b []byte) (from, to int) {
	switch c := b[0]; {
	case c >= utf8.RuneSelf:
		if r, n := utf8.DecodeRune(b); r != utf8.RuneError || n > 1 {
			return n, n
		}
		if !utf8.FullRune(b) {
			return 0, 0
		}
		return 1, escapeMost
	case c == '"', c == '\\', c == '\n', c == '\r', c == '\t':
		return 1, 2
	case c < 0x20:
		return 1, escapeMost
	}
	return 1, 1
}

// appendEscaped appends all of text, escaped.
func appendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		n := plain(text)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		c := text[0]
		n = 1
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(text)
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, `\ufffd`...)
				break
			}
			n = size
			dst = append(dst, text[:n]...)
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		}
		text = text[n:]
	}
	return dst
}

// unescaped is how many bytes a string had before appendEscaped.
func unescaped(b []byte) (n int) {
	for i := 0; i < len(b); n++ {
		switch {
		case b[i] != '\\':
			i++
		case b[i+1] == 'u':
			i += escapeMost
		default:
			i += 2
		}
	}
	return n
}
