package stdio

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// Our stdout and stderr are not read. Saying something and ending must not wait
// for them; and when the reader is back, everything is there.
func TestStalledReaderDelaysNoServiceAndLosesNothing(t *testing.T) {
	out, err := newReader(t, 0), newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web := spawn(t, m, Source{Service: "web"})
	const lines = 20_000
	text := strings.Repeat("x", 110)
	var writer sync.WaitGroup
	writer.Go(func() {
		defer web.exit()
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
		}
	})
	await.Until(t, "stdout is stalled", out.stalled)
	said := 0
	within(t, "saying something", func() {
		for !err.stalled() {
			m.Say(Normal, "web", fmt.Sprintf("%05d %s", said, text))
			said++
			m.FlushOwn(10 * time.Millisecond)
		}
		for range 100 {
			m.Say(Normal, "web", fmt.Sprintf("%05d %s", said, text))
			said++
		}
		if m.FlushOwn(time.Millisecond) {
			t.Error("flushed to a stalled stderr")
		}
	})
	var l []Leftover
	begin := time.Now()
	within(t, "draining", func() { l = m.Flush(50*time.Millisecond, 50*time.Millisecond) })
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("draining took %v", took)
	}
	if m.own.account.now().Pending().Lines == 0 || len(l) != 2 || l[0].Service != "web" || !l[0].Held ||
		l[0].Pending.Bytes+l[0].Unread < 64<<10 {
		t.Errorf("told of the loss: %+v", l)
	}
	out.read()
	err.read()
	writer.Wait()
	flushed(t, m)
	wantNumbered(t, "stdout", out.all(), "web    | ", 0, lines, text)
	wantNumbered(t, "stderr", err.all(), "sexton | web: ", 0, said, text)
}

// wantNumbered wants lines numbered from first to before end.
func wantNumbered(t *testing.T, what, got, prefix string, first, end int, text string) {
	t.Helper()
	n := first
	for line := range strings.Lines(got) {
		if want := fmt.Sprintf("%s%05d %s\n", prefix, n, text); line != want {
			t.Fatalf("%s: got %q, want %q", what, line, want)
		}
		n++
	}
	if n != end {
		t.Errorf("%s: it ends with number %d, want %d", what, n-1, end-1)
	}
}

// While stderr is stalled, more lines of ours than are kept are said. The oldest
// go, the newest stay, and the number of the missing is right and in its place.
func TestTooManyOwnLinesAreDroppedAndCounted(t *testing.T) {
	err := newReader(t, 0)
	m := newMux(t, Options{Out: -1, Err: err.out})
	text := strings.Repeat("x", 90)
	const said = 20_000
	within(t, "saying something", func() {
		for i := range said {
			m.Say(Normal, "", fmt.Sprintf("%05d %s", i, text))
		}
	})
	err.read()
	flushed(t, m)
	wantGap(t, err.all(), "sexton | ", "sexton | of our own lines ", said, len(text)+7)
}

// wantGap wants lines numbered from 0 to before end, and in every gap a notice
// of its size. There must be one gap at least.
func wantGap(t *testing.T, got, prefix, notice string, end, lineBytes int) {
	t.Helper()
	next, gaps, missing := 0, 0, 0
	for line := range strings.Lines(got) {
		var n int
		if rest, ok := strings.CutPrefix(line, notice); ok {
			if _, err := fmt.Sscanf(rest, "%d line", &missing); err != nil {
				t.Fatalf("notice %q: %v", line, err)
			}
			if want := (Count{Bytes: int64(missing * lineBytes), Lines: int64(missing)}).String() + " dropped for lack of room\n"; rest != want {
				t.Errorf("notice %q, want %q", rest, want)
			}
			gaps++
			next += missing
			continue
		}
		rest, ok := strings.CutPrefix(line, prefix)
		if _, err := fmt.Sscanf(rest, "%d", &n); !ok || err != nil {
			t.Fatalf("torn: %q", line)
		}
		if n != next {
			t.Fatalf("%q follows number %d", line, next-1)
		}
		next++
	}
	if next != end || gaps == 0 {
		t.Errorf("%d lines are accounted for, want %d; %d gaps", next, end, gaps)
	}
}

// A service with Overflow Drop never waits, however long nobody reads.
func TestDropKeepsTheServiceGoing(t *testing.T) {
	out, err := newReader(t, 0), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: service.Drop}})
	blocked := spawn(t, m, Source{Service: "worker"})
	text := strings.Repeat("x", 110)
	const lines = 30_000
	within(t, "writing", func() {
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
		}
		web.exit()
	})
	blocked.say("still here\n")
	await.Until(t, "all is read", func() bool { return accountOfTest(t, m, "web", Stdout).In.Lines == lines })
	out.read()
	blocked.exit()
	drainedButDropped(t, m)
	a := accountOfTest(t, m, "web", Stdout)
	if a.Out.Lines+a.Dropped.Lines != lines || a.Pending() != (Count{}) || a.Out.Bytes < 200<<10 {
		t.Errorf("account %+v", a)
	}
	got := strings.Replace(out.all(), "worker | still here\n", "", 1)
	wantGap(t, got, "web    | ", "sexton | web: ", lines, len(text)+7)
	wantText(t, "stderr", err.all(), "")
}

// What waits of one run and of the next is one queue: together they have the room of
// one, and their order is kept.
func TestRunsShareAQueue(t *testing.T) {
	for _, overflow := range []service.Overflow{service.Drop, service.Spill} {
		out := newReader(t, 0)
		m := newMux(t, Options{Out: out.out, Err: newReader(t, 0).read().out})
		log := service.Log{Overflow: overflow, SpillDir: t.TempDir(), SpillBytes: 1 << 20}
		text := strings.Repeat("x", 110)
		const runs, lines = 4, 10_000
		for run := range runs {
			web := spawn(t, m, Source{Service: "web", Run: service.Run(run + 1), Log: log})
			within(t, "writing", func() {
				for i := range lines {
					web.say(fmt.Sprintf("%05d %s\n", run*lines+i, text))
				}
				web.exit()
			})
			await.Until(t, "all is read", func() bool { return accountOfTest(t, m, "web", Stdout).In.Lines == int64((run+1)*lines) })
		}
		most := int64(dropQueueBytes + outBytes + 64<<10)
		if overflow == service.Spill {
			most += log.SpillBytes
		}
		if a := accountOfTest(t, m, "web", Stdout); a.Pending().Bytes > most {
			t.Errorf("%v: %d bytes wait", overflow, a.Pending().Bytes)
		}
		out.read()
		drainedButDropped(t, m)
		wantGap(t, out.all(), "web    | ", "sexton | web: ", runs*lines, len(text)+7)
	}
}

func drainedButDropped(t *testing.T, m *Mux) {
	t.Helper()
	for _, left := range m.Flush(await.Patience, await.Patience) {
		if left.Pending != (Count{}) || left.Unread != 0 || left.Held {
			t.Errorf("left: %+v", left)
		}
	}
}

// A process that outlives its service keeps the pipe. Flush does not wait for
// it longer than it may, and takes what is there, without a newline too.
func TestFlushTakesTheTailOfAPipeThatIsHeld(t *testing.T) {
	for _, overflow := range []service.Overflow{service.Block, service.Drop} {
		out := newReader(t, 0).read()
		m := newMux(t, Options{Out: out.out, Err: out.out})
		web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: overflow}})
		web.say("one\nhow are y")
		l := m.Flush(250*time.Millisecond, 250*time.Millisecond)
		want := []Leftover{{Service: "web", Stream: Stdout, Held: true}, {Service: "web", Stream: Stderr, Held: true}}
		if fmt.Sprint(l) != fmt.Sprint(want) {
			t.Errorf("left %+v, want %+v", l, want)
		}
		web.say("ou\n")
		web.exit()
		flushed(t, m)
		wantText(t, "stdout", out.all(), "web    | one\nweb    | how are y\nweb    | ou\n")
	}
}

// While stdout is stalled the end of no stream is seen. That is not to say that
// somebody has them open: only of those whose pipe really is held it may be said.
func TestNoPipeStaysOpenForAStalledStdout(t *testing.T) {
	out := newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: out.out})
	var writer sync.WaitGroup
	full := spawn(t, m, Source{Service: "full"})
	writer.Go(func() {
		full.say(strings.Repeat(strings.Repeat("x", 120)+"\n", 5_000))
		full.exit()
	})
	await.Until(t, "stdout is stalled", out.stalled)
	gone, held := spawn(t, m, Source{Service: "gone"}), spawn(t, m, Source{Service: "held"})
	gone.exit()
	for _, left := range m.Flush(50*time.Millisecond, 50*time.Millisecond) {
		if want := left.Service == "held" || left.Service == "full"; left.Held != want {
			t.Errorf("%s's %s: held: %t", left.Service, left.Stream, left.Held)
		}
	}
	held.exit()
	out.read()
	writer.Wait()
	flushed(t, m)
}

func TestRawBytesPassAsTheyAre(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw}})
	want := "one\r\n\x00\xff\n" + strings.Repeat("long", 10_000) + "\nno newline"
	web.say(want)
	web.exit()
	flushed(t, m)
	wantText(t, "stdout", out.all(), want)
	if a := accountOfTest(t, m, "web", Stdout); a.Out != (Count{Bytes: int64(len(want)), Lines: 4}) {
		t.Errorf("account %+v", a)
	}
}

// A raw line may be too long to be kept until its end. Who must write meanwhile
// begins on a line of his own.
func TestNothingIsWrittenIntoARawLine(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, MaxLine: 256}})
	long := strings.Repeat("0123456789", 26)
	web.say(long)
	await.Until(t, "the first piece", func() bool { return out.String() == long[:255] })
	m.Say(Normal, "", "hello")
	if !m.FlushOwn(await.Patience) {
		t.Error("not flushed")
	}
	web.say(" end\nnext\n")
	web.exit()
	flushed(t, m)
	wantText(t, "stdout", out.all(), long[:255]+"\nsexton | hello\n"+long[255:]+" end\nnext\n")
}

// Lines longer than our buffers are a matter of configuration.
func TestMaxLineOfAMegabyte(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{MaxLine: 1 << 20}})
	long := strings.Repeat("0123456789", 100_000)
	web.say("short\n" + long + "\nshort\n" + long + long)
	web.exit()
	flushed(t, m)
	room := 1<<20 - len("web    |+\n")
	wantText(t, "stdout", out.all(), "web    | short\nweb    | "+long+"\nweb    | short\nweb    | "+
		(long + long)[:room]+"\nweb    |+"+(long + long)[room:]+"\n")
}

// Somebody's stdout must stay as it was given to us.
func TestFlagsOfOurDescriptorsAreLeftAlone(t *testing.T) {
	for _, flags := range []int{0, unix.O_NONBLOCK} {
		out := newReader(t, flags).read()
		before, _ := unix.FcntlInt(uintptr(out.out), unix.F_GETFL, 0)
		m := newMux(t, Options{Out: out.out, Err: out.out})
		web := spawn(t, m, Source{Service: "web"})
		web.say("line\n")
		m.Say(Normal, "", "line")
		web.exit()
		flushed(t, m)
		if after, _ := unix.FcntlInt(uintptr(out.out), unix.F_GETFL, 0); after != before {
			t.Errorf("flags %#x have become %#x", before, after)
		}
	}
}
