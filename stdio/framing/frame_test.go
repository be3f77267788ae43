package framing

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// cutSlowly is Frame.Cut in its simplest form, over a whole stream: split at
// newlines, chop what is too long, never inside a character.
func cutSlowly(f Frame, input []byte) (framed string, lines int) {
	if f.format == Raw {
		lines = bytes.Count(input, newline)
		if len(input) > 0 && !bytes.HasSuffix(input, newline) {
			lines++
		}
		return string(input), lines
	}
	var out strings.Builder
	for line := range strings.Lines(string(input)) {
		line = strings.TrimSuffix(line, "\n")
		prefix := f.line
		for len(line) > f.room {
			at := f.room
			for at > f.room-4 && at > 0 && !utf8.RuneStart(line[at]) {
				at--
			}
			if at == f.room-4 || at == 0 {
				at = f.room
			}
			fmt.Fprintf(&out, "%s%s\n", prefix, line[:at])
			line, prefix = line[at:], f.more
			lines++
		}
		fmt.Fprintf(&out, "%s%s\n", prefix, line)
		lines++
	}
	return out.String(), lines
}

// cutInChunks feeds a stream to a frame as a pipe might: in chunks, with the tail kept
// in between, into a buffer of so much room that is emptied when it is full.
func cutInChunks(f Frame, input []byte, chunk func() int, room int) (framed string, c Count) {
	var sum strings.Builder
	var tail []byte
	buffer := make([]byte, 0, room)
	for len(input) > 0 {
		n := min(len(input), max(1, chunk()))
		data := slices.Concat(tail, input[:n])
		input = input[n:]
		for full := true; full; {
			before := len(data)
			out, rest, lines, again := f.Cut(buffer[:0], data)
			c.Add(Count{int64(before - len(rest)), int64(lines)})
			sum.Write(out)
			if full, data = again, rest; full && len(out) == 0 {
				buffer = make([]byte, 0, f.MostOf(len(data)))
			}
		}
		if tail = data; f.format != Raw && len(tail) > f.room+escapeMost {
			panic("a piece was not cut though there is enough of it")
		}
	}
	out, lines := f.Last(make([]byte, 0, f.LastMost(tail)), tail)
	if cap(out) > f.LastMost(tail) {
		panic("LastMost was too little")
	}
	sum.Write(out)
	c.Add(Count{int64(len(tail)), int64(lines)})
	return sum.String(), c
}

func testFrame(raw bool, room int) Frame {
	f := Prefixed("web", 5, NoColor)
	if raw {
		f = NewRaw()
	}
	f.room = room
	return f
}

func TestLinesAreCutAndMarked(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"\n", "web   | \n"},
		{"one\ntwo\n", "web   | one\nweb   | two\n"},
		{"no newline", "web   | no newline\n"},
		{"a\r\nb\x00\xff\n", "web   | a\r\nweb   | b\x00\xff\n"},
		{"exactly ten\n", "web   | exactly te\nweb   |+n\n"},
		{"0123456789\n", "web   | 0123456789\n"},
		{"0123456789", "web   | 0123456789\n"},
		{"0123456789a\n\n", "web   | 0123456789\nweb   |+a\nweb   | \n"},
		{"123456789\u00e9\n", "web   | 123456789\nweb   |+\u00e9\n"},
		{"1234567\U0001F600\n", "web   | 1234567\nweb   |+\U0001F600\n"},
		{strings.Repeat("\x80", 12) + "\n", "web   | " + strings.Repeat("\x80", 10) + "\nweb   |+\x80\x80\n"},
	}
	for _, test := range tests {
		got, _ := cutInChunks(testFrame(false, 10), []byte(test.in), func() int { return 3 }, 64)
		if got != test.want {
			t.Errorf("%q:\n got %q\nwant %q", test.in, got, test.want)
		}
	}
}

// A reader joins the pieces of a long line by the plus sign, and has what the
// service wrote.
func TestPiecesCanBeJoined(t *testing.T) {
	in := strings.Repeat("0123456789", 5000) + "\n" + "+ not a piece\n"
	f := testFrame(false, 0)
	f.Limit(0)
	got, _ := cutInChunks(f, []byte(in), func() int { return 4096 }, 64<<10)
	for line := range strings.Lines(got) {
		if len(line) > DefaultMaxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	joined := strings.ReplaceAll(strings.ReplaceAll(got, "\nweb   |+", ""), "web   | ", "")
	if joined != in {
		t.Errorf("joined, it has %d bytes and differs from the %d written", len(joined), len(in))
	}
}

// Whatever part of a batch was written when a write failed, the sum of what is
// counted as written and the rest is what came in.
func TestMeasureCountsWhatWasWritten(t *testing.T) {
	stream := []byte("one\n\nthree\n0123456789abcdefghijklm\nfive\n0123456789012345 and no end")
	framed, whole := cutInChunks(testFrame(false, 10), stream, func() int { return 7 }, 1024)
	f := testFrame(false, 10)
	for n := range framed {
		got := f.Measure([]byte(framed), n)
		lines := strings.Count(framed[:n], "\n")
		end := strings.LastIndex(framed[:n], "\n") + 1
		behind := strings.ReplaceAll(strings.ReplaceAll(framed[end:], "\nweb   |+", ""), "web   | ", "")
		behind = strings.TrimPrefix(strings.TrimSuffix(behind, "\n"), "web   |+")
		want := Count{int64(len(stream) - len(behind)), int64(lines)}
		if got != want {
			t.Errorf("%d bytes written: %+v, want %+v; behind: %q", n, got, want, behind)
		}
	}
	if whole.Bytes != int64(len(stream)) {
		t.Errorf("%d bytes counted of %d", whole.Bytes, len(stream))
	}
}
