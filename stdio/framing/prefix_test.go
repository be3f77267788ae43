package framing

import (
	"strings"
	"testing"
	"time"
)

// A prefix is a name, filled up with spaces to the width, and a bar; in colour if one was
// asked for. A longer name sticks out. A name alone is followed by a colon.
func TestPrefixes(t *testing.T) {
	tests := []struct {
		name       string
		frame      Frame
		line, more string
	}{
		{"padded", Prefixed("wéb", 5, NoColor), "wéb   | ", "wéb   |+"},
		{"longer than the width", Prefixed("worker", 3, NoColor), "worker | ", "worker |+"},
		{"coloured", Prefixed("web", 3, Color(0)), "\x1b[36mweb |\x1b[0m ", "\x1b[36mweb |+\x1b[0m"},
		{"titled", Titled("sexton", NoColor), "sexton: ", "sexton:+"},
		{"titled, bold", Titled("sexton", Bold), "\x1b[1msexton:\x1b[0m ", "\x1b[1msexton:+\x1b[0m"},
		{"nothing", Titled("", Bold), "", "+"},
	}
	for _, test := range tests {
		f := test.frame
		f.Limit(256)
		room := 256 - len("\n") - max(len(test.line), len(test.more))
		text := strings.Repeat("x", room) + "y"
		got, n := f.Lines([]byte("one\n" + text + "\n"))
		wantText(t, test.name, string(got), test.line+"one\n"+test.line+text[:room]+"\n"+test.more+"y\n")
		if n != 3 || f.Format() != Prefix || f.Timed() || f.Varies() {
			t.Errorf("%s: %d lines, %+v", test.name, n, f)
		}
	}
	if Color(3) != Color(13) || Color(3) == Color(4) {
		t.Error("colours do not repeat after ten")
	}
}

// With AddTime each line begins with the time that was set last, to the millisecond, and
// the limit counts it.
func TestTimeBeforeThePrefix(t *testing.T) {
	f := Prefixed("web", 3, NoColor)
	f.AddTime()
	f.Limit(256)
	f.SetTime(time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("", 3600)))
	const at = "2026-01-02T02:04:05.678Z "
	room := 256 - len(at+"web | \n")
	text := strings.Repeat("x", room+1)
	got, _ := f.Lines([]byte(text + "\n"))
	wantText(t, "lines", string(got), at+"web | "+text[1:]+"\n"+at+"web |+x\n")
	if !f.Timed() {
		t.Error("it is not timed")
	}
	later := strings.Replace(string(got), "05.678Z web |+", "06.678Z web |+", 1)
	if c := f.Measure([]byte(later), len(later)); c != (Count{int64(room + 2), 2}) {
		t.Errorf("measured %+v", c)
	}
}

// The text of red lines is red, each line by itself, and none is longer than another.
func TestRedLines(t *testing.T) {
	f := Prefixed("sexton", 6, NoColor)
	f.Limit(256)
	whole := f.room
	text := strings.Repeat("x", whole)
	got := string(f.RedLines([]byte(text + "\n")))
	room := whole - len(red+colorEnd)
	wantText(t, "lines", got, "sexton | "+red+text[:room]+colorEnd+"\n"+"sexton |+"+red+text[room:]+colorEnd+"\n")
}

// No line is longer than its limit, whatever is asked for: there is room for the frame
// twice, and for 256 bytes.
func TestLimits(t *testing.T) {
	long := strings.Repeat("n", 300)
	for _, c := range []struct {
		frame     Frame
		ask, want int
	}{
		{Prefixed("web", 3, NoColor), 0, DefaultMaxLine},
		{Prefixed("web", 3, NoColor), 1, 256},
		{Prefixed("web", 3, NoColor), 1000, 1000},
		{Prefixed(long, 3, NoColor), 256, 2 * (300 + len(" | \n"))},
		{NewJSON(testOrigin, false, nil), 300, 300},
		{NewSyslog(RFC3164, false, "host", "web", 7), 0, DefaultMaxLine},
	} {
		f := c.frame
		f.Limit(c.ask)
		got, _ := f.Lines([]byte(strings.Repeat("x", 20_000) + "\n"))
		longest := 0
		for line := range strings.Lines(string(got)) {
			longest = max(longest, len(line))
		}
		if longest > c.want || longest < c.want-len(jsonMore) {
			t.Errorf("limit %d: the longest line has %d bytes, want %d", c.ask, longest, c.want)
		}
	}
	if f := NewSyslog(RFC5424, false, "host", "web", 7); f.most() != SyslogMaxLine {
		t.Errorf("a datagram has up to %d bytes", f.most())
	}
}

// Reset begins a new line in the middle of one: the next run's.
func TestReset(t *testing.T) {
	f := testFrame(false, 4)
	out, rest, _, _ := f.Cut(make([]byte, 0, 100), []byte("01234567"))
	f.Reset()
	again, _, _, _ := f.Cut(make([]byte, 0, 100), []byte("new\n"))
	wantText(t, "lines", string(out)+string(rest)+"|"+string(again), "web   | 0123\n4567|web   | new\n")
}
