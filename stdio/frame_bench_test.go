package stdio

import (
	"bytes"
	"testing"
)

// BenchmarkCut shows how fast one core cuts and prefixes lines of 120 bytes.
func BenchmarkCut(b *testing.B) {
	for _, c := range []struct {
		name string
		f    frame
	}{
		{"prefix", frame{line: []byte("web      | "), more: []byte("web      |+")}},
		{"raw", frame{raw: true}},
		{"json", newJSON(testOrigin, false, nil)},
		{"merge", newJSON(testOrigin, true, nil)},
		{"join", newJSON(testOrigin, false, testJoin)},
	} {
		b.Run(c.name, func(b *testing.B) {
			line := append(bytes.Repeat([]byte{'x'}, 119), '\n')
			src := bytes.Repeat(line, readBytes/len(line))
			dst := make([]byte, 0, outBytes)
			f := c.f
			f.limit(0)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				for rest, full := src, true; full; {
					_, rest, _, full = f.cut(dst[:0], rest)
				}
			}
		})
	}
}
