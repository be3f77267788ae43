package stdio

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/pattern"
	"sexton/service"
	"sexton/stdio/framing"
)

// A record is not kept back for ever: after a while without a line it goes out.
func TestRecordGoesOutWhenNothingFollows(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out, JSON: true, Clock: time.Now})
	for _, overflow := range []service.Overflow{service.Block, service.Drop} {
		web := spawn(t, m, Source{Service: "web", Run: 7, Log: service.Log{Format: service.JSON, Join: `^\s`, Overflow: overflow}})
		web.say("panic\n at one\n")
		web.say(" at ")
		await.Until(t, "the record", func() bool { return strings.Contains(out.String(), `"run":7,"pid":4711,"line":"panic\n at one"}`) })
		web.say("two\n at three\n")
		web.exit()
		flushed(t, m)
		if got := out.all(); !strings.HasSuffix(got, `"line":" at two\n at three"}`+"\n") {
			t.Errorf("got %s", got)
		}
		out.clear()
	}
	m.Say(Normal, "web", "started")
	flushed(t, m)
	if got := out.all(); !strings.HasSuffix(got, fmt.Sprintf(`"level":"info","service":"sexton","stream":"stderr","run":0,"pid":%d,"line":"web: started"}`+"\n", os.Getpid())) {
		t.Errorf("got %s", got)
	}
}

// A sink that is busy serves a stream late, when the time of a record is over and
// more of it has come since: then it has all of its time again.
func TestRecordThatWasServedLateIsNotTorn(t *testing.T) {
	join, err := pattern.Compile(`^\s`)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer closeBoth(ends)
	m := New(Options{})
	s := &stream{sink: &sink{mux: m}, account: &account{}, fd: ends[0], frame: framing.NewJSON(framing.Origin{}, false, join)}
	s.frame.Limit(0)
	b := m.batches.borrow(s.sink, outBytes, nil)
	for i, line := range []string{"trace\n", "\tat one\n"} {
		if _, err := unix.Write(ends[1], []byte(line)); err != nil {
			t.Fatal(err)
		}
		s.fill(b)
		if i == 1 && s.fill(b) != wait {
			t.Error("there is more")
		}
		s.overdue.Store(true)
	}
	if s.waiting == nil || !s.waiting.Stop() {
		t.Error("the record does not wait")
	}
	if len(b.out) > 0 {
		t.Errorf("it went out at once: %s", b.out)
	}
}

func TestTimestamps(t *testing.T) {
	out := newReader(t, 0).read()
	clock := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC) }
	m := newMux(t, Options{Out: out.out, Err: out.out, Timestamps: true, Clock: clock, Self: "sexton", Prefixed: true, Level: Verbose})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Timestamps: true, MaxLine: 256}})
	long := strings.Repeat("x", 300)
	web.say("one\n" + long + "\n")
	web.exit()
	flushed(t, m)
	m.Say(Normal, "", "two")
	flushed(t, m)
	at := "2026-01-02T03:04:05.678Z "
	room := 256 - len(at+"web    | \n")
	wantText(t, "stdout", out.all(), at+"web    | one\n"+at+"web    | "+long[:room]+"\n"+at+"web    |+"+long[room:]+"\n"+
		at+"sexton | two\n")
	f := m.serviceFrame(&Source{Service: "web", Log: service.Log{Timestamps: true, MaxLine: 256}}, Stdout, m.out)
	f.SetTime(clock())
	framed, _ := f.Lines([]byte(long + "\n"))
	later := bytes.Replace(framed, []byte("05.678Z web    |+"), []byte("06.678Z web    |+"), 1)
	if got := f.Measure(later, len(later)); got != (Count{Bytes: 301, Lines: 2}) {
		t.Errorf("measured %+v", got)
	}
}
