package stdio

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// sayUnread has web write numbered lines while nobody reads what comes of them,
// waits until all have been read by us, and returns what is behind the numbers.
func sayUnread(t *testing.T, m *Mux, web *child, lines int) (text string) {
	t.Helper()
	text = strings.Repeat("x", 110)
	within(t, "writing while nobody reads", func() {
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
		}
	})
	await.Until(t, "all is read", func() bool { return accountOfTest(t, m, "web", Stdout).In.Lines == int64(lines) })
	return text
}

// What does not fit into memory waits on disk, and nothing is lost. The file
// has no name, and goes when all is out.
func TestSpillLosesNothing(t *testing.T) {
	out := newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: out.out})
	dir := t.TempDir()
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: service.Spill, SpillDir: dir, SpillBytes: 64 << 20}})
	const lines = 50_000
	text := sayUnread(t, m, web, lines)
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("left in the directory: %v", entries)
	}
	out.read()
	web.exit()
	flushed(t, m)
	wantNumbered(t, "stdout", out.all(), "web    | ", 0, lines, text)
}

// The file is bounded. What was written first is dropped, counted, and said in
// its place.
func TestSpillIsBounded(t *testing.T) {
	out := newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: service.Spill, SpillDir: t.TempDir(), SpillBytes: 1 << 20}})
	const lines = 50_000
	text := sayUnread(t, m, web, lines)
	out.read()
	web.exit()
	drainedButDropped(t, m)
	wantGap(t, out.all(), "web    | ", "sexton | web: ", lines, len(text)+7)
	a := accountOfTest(t, m, "web", Stdout)
	if a.Out.Lines+a.Dropped.Lines != lines || a.Out.Bytes < 1<<20 {
		t.Errorf("account %+v", a)
	}
}

// Where no file can be made it drops as Drop does, and says why.
func TestSpillWithoutADisk(t *testing.T) {
	out, err := newReader(t, 0), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: service.Spill, SpillDir: "/nonexistent", SpillBytes: 1 << 20}})
	const lines = 20_000
	text := sayUnread(t, m, web, lines)
	out.read()
	web.exit()
	drainedButDropped(t, m)
	wantGap(t, out.all(), "web    | ", "sexton | web: ", lines, len(text)+7)
	wantText(t, "stderr", err.all(), "sexton | web: cannot spill its output: cannot make a file in /nonexistent: no such file or directory; "+
		"what does not fit into memory is dropped\n")
}

// Whatever is put in and taken out in whatever order: what comes out is what
// went in, less what was said to be dropped, in its place.
func TestSpillKeepsTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	for range 20 {
		limit := 100 + random.Int64N(1000)
		p := newSpill(dir, limit)
		in, out, missing := 0, 0, Count{}
		take := func() {
			lines, s, err := p.get()
			if err != nil {
				t.Fatal(err)
			}
			out += int(s.dropped.Lines)
			missing.Add(s.dropped)
			for line := range bytes.Lines(lines) {
				if want := fmt.Sprintf("%06d\n", out); string(line) != want {
					t.Fatalf("limit %d: got %q, want %q", limit, line, want)
				}
				out++
			}
		}
		dropped := Count{}
		for range 200 {
			if random.IntN(3) > 0 {
				n := 1 + random.IntN(12)
				var text strings.Builder
				for range n {
					fmt.Fprintf(&text, "%06d\n", in)
					in++
				}
				gone, err := p.put(nil, []byte(text.String()), Count{Bytes: int64(text.Len()), Lines: int64(n)})
				if err != nil {
					t.Fatal(err)
				}
				dropped.Add(gone)
				if sum := int64(in-out) * 7; sum-dropped.Bytes+missing.Bytes > limit {
					t.Fatalf("%d bytes in a file of %d", sum, limit)
				}
			} else if len(p.index) > 0 {
				take()
			}
		}
		for len(p.index) > 0 {
			take()
		}
		if out += int(p.gone.Lines); out != in || missing.Lines+p.gone.Lines != dropped.Lines {
			t.Fatalf("%d lines in, %d accounted for; %+v dropped", in, out, dropped)
		}
	}
}

// A disk that was full for a while: what did not fit is said behind what did, and
// before what came later.
func TestFullSpillIsReportedInItsPlace(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out})
	m.begin()
	q := &queue{account: &account{service: "web", stream: Stdout}, mux: m, limit: 12, chunk: 12}
	dir := t.TempDir()
	q.spill = newSpill(dir, 1<<20)
	put := func(line string) { q.put(nil, []byte(line+"\n"), Count{Bytes: int64(len(line)) + 1, Lines: 1}) }
	put("in memory")
	put("on disk")
	makeReadOnly(t, dir)
	put("lost")
	var got []string
	get := func() (left int) {
		first, dropped, left := q.get()
		if dropped.Lines > 0 {
			got = append(got, fmt.Sprint(dropped.Lines, " lost"))
		}
		got = append(got, strings.TrimSpace(string(first.lines)))
		return left
	}
	get()
	if get() == 0 {
		t.Error("it will not be said that a line is missing")
	}
	put("later")
	for get() > 0 {
	}
	if want := []string{"in memory", "on disk", "1 lost", "later"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A spill on a disk that hangs holds up who reads the stream. Our own end does not
// wait for it.
func TestFlushDoesNotWaitForADiskThatHangs(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: service.Spill, SpillDir: t.TempDir(), SpillBytes: 1 << 20}})
	for _, s := range m.streams() {
		s.mu.Lock() // as pump holds it in pwrite(2)
		defer s.mu.Unlock()
	}
	web.say("one\n")
	within(t, "draining", func() {
		l := m.Flush(50*time.Millisecond, 50*time.Millisecond)
		if len(l) == 0 || l[0].Unread+l[0].Pending.Bytes != 4 {
			t.Errorf("told of the loss: %+v", l)
		}
	})
}

// makeReadOnly has the file without a name in a directory take nothing more.
func makeReadOnly(t *testing.T, dir string) {
	t.Helper()
	for fd := range 1000 {
		path := fmt.Sprintf("/proc/self/fd/%d", fd)
		if name, err := os.Readlink(path); err != nil || !strings.HasPrefix(name, dir+"/") {
			continue
		}
		full, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		must(t, err, unix.Dup3(full, fd, unix.O_CLOEXEC), unix.Close(full))
		return
	}
	t.Fatal("there is no file")
}
