package framing

import (
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
