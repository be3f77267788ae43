package framing

import "bytes"

// cutRaw is Cut without prefixes: all whole lines go at once. The pieces of a long line
// get no newline, because nothing may be added; the line is counted with its last piece.
func (f *Frame) cutRaw(dst, src []byte) (out, rest []byte, lines int, full bool) {
	from := f.scanned
	for f.scanned = 0; len(src) > 0; from = 0 {
		window := src[:min(len(src), cap(dst)-len(dst))]
		end := bytes.LastIndexByte(window[min(from, len(window)):], '\n') + 1
		if end > 0 {
			end += from
		} else {
			// No line ends here. Is that for lack of room?
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
