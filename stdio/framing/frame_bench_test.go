package framing

import (
	"bytes"
	"testing"
)

// BenchmarkCut shows how fast one core cuts and prefixes lines of 120 bytes.
func BenchmarkCut(b *testing.B) {
	for _, c := range []struct {
		name string
		f    Frame
	}{
		{"prefix", Prefixed("web", 8, NoColor)},
		{"raw", NewRaw()},
		{"json", NewJSON(testOrigin, false, nil)},
		{"merge", NewJSON(testOrigin, true, nil)},
		{"join", NewJSON(testOrigin, false, testJoin)},
	} {
		b.Run(c.name, func(b *testing.B) {
			line := append(bytes.Repeat([]byte{'x'}, 119), '\n')
			src := bytes.Repeat(line, (64<<10)/len(line))
			dst := make([]byte, 0, 128<<10)
			f := c.f
			f.Limit(0)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				for rest, full := src, true; full; {
					_, rest, _, full = f.Cut(dst[:0], rest)
				}
			}
		})
	}
}
