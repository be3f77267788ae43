package framing

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// What was written of lines for syslog can be counted back, whatever the PID of the
// runs that they come from.
func TestMeasureCountsDatagrams(t *testing.T) {
	for _, format := range []Format{RFC3164, RFC5424} {
		stream := "one\n\n" + strings.Repeat("0123456789", 40) + "\n" + "web[1]: two\n+three\n+ - four\n"
		f := NewSyslog(format, false, "host", "web", 123456)
		f.Limit(256)
		f.SetTime(time.Date(2026, 12, 31, 3, 4, 5, 6, time.UTC))
		framed, count := cutInChunks(f, []byte(stream), func() int { return 7 }, 1024)
		other := NewSyslog(format, false, "host", "web", 1)
		for _, measure := range []*Frame{&f, &other} {
			if whole := measure.Measure([]byte(framed), len(framed)); whole != count || whole.Bytes != int64(len(stream)) {
				t.Errorf("format %v: %+v, cut %+v, written %d", format, whole, count, len(stream))
			}
		}
	}
}

// Each format has its header. Long names are cut for RFC 5424, and a further piece is
// marked: with a MSGID, or with a plus sign behind a space, which Message adds.
func TestSyslogHeaders(t *testing.T) {
	name := strings.Repeat("n", 60)
	for _, c := range []struct {
		frame      Frame
		line, more string
	}{
		{NewSyslog(RFC3164, false, "host", "web", 7), "<30>Jan  2 03:04:05 web[7]: ", "<30>Jan  2 03:04:05 web[7]: +"},
		{NewSyslog(RFC3164, true, "host", name, 7), "<28>Jan  2 03:04:05 " + name + "[7]: ", "<28>Jan  2 03:04:05 " + name + "[7]: +"},
		{NewSyslog(RFC5424, false, "host", "web", 7), "<30>1 2026-01-02T03:04:05.678900Z host web 7 - - ", "<30>1 2026-01-02T03:04:05.678900Z host web 7 + - "},
		{NewSyslog(RFC5424, true, "host", name, 7), "<28>1 2026-01-02T03:04:05.678900Z host " + name[:48] + " 7 - - ", "<28>1 2026-01-02T03:04:05.678900Z host " + name[:48] + " 7 + - "},
	} {
		f := c.frame
		f.SetTime(time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC))
		got, _ := f.Lines([]byte("]:+ a [1]:+\n" + strings.Repeat("x", SyslogMaxLine) + "\n"))
		lines := bytes.Split(got, newline)
		wantText(t, "first", string(Message(lines[0])), c.line+"]:+ a [1]:+")
		if second, third := string(Message(lines[1])), string(Message(lines[2])); !strings.HasPrefix(second, c.line+"xx") || !strings.HasPrefix(third, c.more+"x") {
			t.Errorf("pieces:\n%.100s\n%.100s", second, third)
		}
		if !f.Varies() || !f.Timed() {
			t.Errorf("%+v", f)
		}
	}
	wantText(t, "no header", string(Message([]byte("no header"))), "no header")
}
