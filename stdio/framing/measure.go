package framing

import "bytes"

// Measure tells how much of the stream is in the whole lines of the first n bytes of
// framed. framed is what calls of Cut and Last appended, from the beginning of a line
// on. It is for a write that fails half-way.
func (f *Frame) Measure(framed []byte, n int) Count {
	if f.format == Raw {
		return Count{int64(n), int64(bytes.Count(framed[:n], newline))}
	}
	var c Count
	for {
		end := bytes.IndexByte(framed[:n], '\n') + 1
		if end == 0 {
			return c
		}
		c.Lines++
		if f.format == JSON {
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
func (f *Frame) head(framed, line []byte) (n int, ok bool) {
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
