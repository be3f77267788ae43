package stdio

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
	"sexton/stdio/framing"
)

func TestLinesGoWhereTheyBelong(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web, worker := spawn(t, m, Source{Service: "web"}), spawn(t, m, Source{Service: "worker"})
	web.say("one\n")
	await.Until(t, "web's line", func() bool { return strings.Contains(out.String(), "one") })
	_, _ = worker.err.WriteString("two\nthree")
	worker.exit()
	await.Until(t, "worker's lines", func() bool { return strings.Contains(err.String(), "three") })
	m.Say(Normal, "worker", "exited with status 1\nrestarting")
	web.say("last words")
	web.exit()
	flushed(t, m)
	wantText(t, "stdout", out.all(), "web    | one\nweb    | last words\n")
	wantText(t, "stderr", err.all(), "worker | two\nworker | three\n"+
		"sexton | worker: exited with status 1\\nrestarting\n")
}

func TestOwnLinesWithoutPrefixAndByLevel(t *testing.T) {
	err := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: err.out, Self: "sexton", Level: Normal})
	m.Say(Errors, "", "an error")
	m.Say(Normal, "web", "started")
	m.Say(Verbose, "web", "more")
	if !m.FlushOwn(await.Patience) {
		t.Error("not flushed")
	}
	wantText(t, "stderr", err.all(), "sexton: an error\nsexton: web: started\n")
}

// Stderr in front of a pager, docker run -t: both descriptors are one file.
// Nothing may be torn, and the order is one.
func TestTwoDescriptorsOfOneFileShareASink(t *testing.T) {
	out := newReader(t, 0).read()
	second, err := unix.FcntlInt(uintptr(out.out), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(second)
	m := newMux(t, Options{Out: out.out, Err: second})
	web := spawn(t, m, Source{Service: "web"})
	var writers sync.WaitGroup
	for _, end := range []*os.File{web.out, web.err} {
		writers.Go(func() {
			for i := range 5000 {
				fmt.Fprintf(end, "line %d %s\n", i, strings.Repeat("x", i%300))
			}
		})
	}
	for i := range 500 {
		m.Say(Normal, "", fmt.Sprintf("line %d %s", i, strings.Repeat("x", i%300)))
	}
	writers.Wait()
	web.exit()
	flushed(t, m)
	if m.out != m.err {
		t.Error("two sinks for one file")
	}
	lines := 0
	for line := range strings.Lines(out.all()) {
		var i int
		text := line[len("sexton | "):]
		if n, err := fmt.Sscanf(text, "line %d", &i); n != 1 || err != nil ||
			text != fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", i%300)) {
			t.Fatalf("torn: %q", line)
		}
		lines++
	}
	if lines != 10_500 {
		t.Errorf("%d lines, want 10500", lines)
	}
}

// Fifty streams write lines of all lengths in chunks of all sizes. Every line
// arrives whole, in the order of its stream, and is counted.
func TestManyStreamsLoseNothing(t *testing.T) {
	const streams, lines = 50, 2000
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	var writers sync.WaitGroup
	for i := range streams {
		c := spawn(t, m, Source{Service: fmt.Sprintf("s%02d", i)})
		writers.Go(func() {
			defer c.exit()
			random := rand.New(rand.NewPCG(1, uint64(i)))
			var text strings.Builder
			for n := range lines {
				fmt.Fprintf(&text, "%d %s\n", n, strings.Repeat("y", random.IntN(200)))
			}
			for rest := text.String(); rest != ""; {
				n := min(len(rest), 1+random.IntN(5000))
				c.say(rest[:n])
				rest = rest[n:]
			}
		})
	}
	writers.Wait()
	flushed(t, m)
	next := make(map[string]int)
	for line := range strings.Lines(out.all()) {
		name, text, _ := strings.Cut(line, " ")
		var n int
		if _, err := fmt.Sscanf(strings.TrimLeft(text, " |"), "%d", &n); err != nil || n != next[name] {
			t.Fatalf("%q: want number %d", line, next[name])
		}
		next[name]++
	}
	for i := range streams {
		name := fmt.Sprintf("s%02d", i)
		a := accountOfTest(t, m, name, Stdout)
		if next[name] != lines || a.In != a.Out || a.In.Lines != lines || a.Dropped != (Count{}) {
			t.Errorf("%s: %d lines arrived, account %+v", name, next[name], a)
		}
	}
}

// Two hundred services write without end to a slow reader. All get on.
func TestAllStreamsMakeProgress(t *testing.T) {
	const streams = 200
	out := newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: out.out})
	threads := threadCount(t)
	line := strings.Repeat("z", 119) + "\n"
	for i := range streams {
		c := spawn(t, m, Source{Service: fmt.Sprintf("s%03d", i)})
		go func() {
			for {
				if _, err := c.out.WriteString(strings.Repeat(line, 30)); err != nil {
					return
				}
			}
		}()
	}
	await.Until(t, "stdout is stalled", out.stalled)
	await.Until(t, "all pipes are full", func() bool {
		for fd := range m.openDescriptors() {
			if n, _ := unix.IoctlGetInt(fd, unix.TIOCINQ); n < 4096 {
				return false
			}
		}
		return true
	})
	if now := threadCount(t); now > threads+runtime.GOMAXPROCS(0)+4 {
		t.Errorf("%d threads with %d streams blocked, %d before", now, streams, threads)
	}
	out.read()
	least, most := int64(0), int64(0)
	await.Until(t, "every stream has written 200 kB", func() bool {
		least, most = 1<<62, 0
		for _, a := range m.Accounts() {
			if a.Stream == Stdout {
				least, most = min(least, a.Out.Bytes), max(most, a.Out.Bytes)
			}
		}
		return least >= 200_000
	})
	if most > 5*least {
		t.Errorf("one stream has written %d bytes when another had %d", most, least)
	}
}

// openDescriptors are the stdout pipes that the mux reads, without stderr.
func (m *Mux) openDescriptors() map[int]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	fds := make(map[int]bool)
	for fd, s := range m.open {
		if s.account.stream == Stdout {
			fds[int(fd)] = true
		}
	}
	return fds
}

func threadCount(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestNewCostsNothingAndIdleStreamsLittle(t *testing.T) {
	names := []string{"web", "worker"}
	if n := testing.AllocsPerRun(100, func() { New(Options{Names: names}) }); n > 1 {
		t.Errorf("New allocates %v times", n)
	}
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	before := runtime.NumGoroutine()
	var children []*child
	for i := range 100 {
		children = append(children, spawn(t, m, Source{Service: fmt.Sprint("s", i)}))
	}
	for _, c := range children {
		c.say("line\n")
	}
	await.Until(t, "all lines", func() bool { return strings.Count(out.String(), "\n") == 100 })
	await.Until(t, "one goroutine for 200 idle streams", func() bool { return runtime.NumGoroutine() <= before+1 })
	var s stream
	s.keep(nil, make([]byte, framing.DefaultMaxLine))
	s.keep(nil, nil)
	if cap(s.tail) > keepTail {
		t.Errorf("a stream without a tail holds %d bytes", cap(s.tail))
	}
}

func TestMergeKeepsTheOrderOfBothOutputs(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{OneStream: true}})
	var want strings.Builder
	for i := range 100 {
		fmt.Fprintf(web.out, "out %d\n", i)
		fmt.Fprintf(web.err, "err %d\n", i)
		fmt.Fprintf(&want, "web    | out %d\nweb    | err %d\n", i, i)
	}
	web.exit()
	flushed(t, m)
	wantText(t, "stdout", out.all(), want.String())
	wantText(t, "stderr", err.all(), "")
}

func TestFailedSpawnLeavesNothing(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1})
	p, err := m.Open(Source{Service: "web"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	flushed(t, m)
	if n := len(m.streams()); n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

// A service without descriptors to spare is an error, and nothing is left open.
func TestOpenWithoutDescriptorsLeft(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1})
	flushed(t, m)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	free, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(free)
	for room := uint64(0); room < 5; room++ {
		tight := unix.Rlimit{Cur: uint64(free) + 1 + room, Max: before.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &tight); err != nil {
			t.Fatal(err)
		}
		p, err := m.Open(Source{Service: "web"})
		if again := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); again != nil {
			t.Fatal(again)
		}
		if err == nil {
			p.Close()
			continue
		}
		want := "cannot open pipes for the output of web: "
		if !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %q, want %q and the reason", err, want)
		}
	}
	flushed(t, m)
}

func TestColor(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	if Color(-1, "auto", os.Getenv) || Color(1<<20, "", os.Getenv) || Color(-1, "never", os.Getenv) || !Color(-1, "always", os.Getenv) {
		t.Error("a descriptor that is no terminal has colours only if they are always wanted")
	}
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out, ColorOut: true, ColorErr: true})
	web := spawn(t, m, Source{Service: "web"})
	web.say("red?\n")
	await.Until(t, "the line", func() bool { return out.String() != "" })
	m.Say(Normal, "", "bold")
	if !m.FlushOwn(5 * time.Second) {
		t.Error("not flushed")
	}
	wantText(t, "stdout", out.all(), "\x1b[36mweb    |\x1b[0m red?\n\x1b[1msexton |\x1b[0m bold\n")
}
