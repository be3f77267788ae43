package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
)

// fake is a destination that does what a test wants.
type fake func(p []byte) (int, error)

func (f fake) Write(p []byte) (int, error) { return f(p) }
func (f fake) FD() int                     { return -1 }

// A non-blocking stdout, with little room in it and a reader that is slow, gets
// everything.
func TestNonBlockingStdoutGetsEverything(t *testing.T) {
	out := newReader(t, unix.O_NONBLOCK)
	if _, err := unix.FcntlInt(uintptr(out.out), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web"})
	text := strings.Repeat("x", 110)
	const lines = 10_000
	go func() {
		defer web.exit()
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
		}
	}()
	await.Until(t, "stdout is stalled", out.stalled)
	out.read()
	flushed(t, m)
	wantNumbered(t, "stdout", out.all(), "web    | ", 0, lines, text)
}

// When the reader of our stdout is gone, services go on, what they write is
// counted, and it is said once. A FIFO may get a new reader: then it goes on.
func TestReaderThatGoesAwayAndComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	end, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	outEnd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(outEnd)
	_ = unix.Close(end)
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: outEnd, Err: stderr.out})
	web := spawn(t, m, Source{Service: "web"})
	line := strings.Repeat("x", 99) + "\n"
	within(t, "writing with nobody to read", func() { web.say(strings.Repeat(line, 5000)) })
	await.Until(t, "all is dropped", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == 5000 })
	back, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	web.say("welcome back\n")
	web.exit()
	l := m.Flush(await.Patience, await.Patience)
	if len(l) != 1 || l[0].Dropped != (Count{Bytes: 500_000, Lines: 5000}) {
		t.Errorf("told of the loss: %+v", l)
	}
	buffer := make([]byte, 100)
	n, err := back.Read(buffer)
	wantText(t, fmt.Sprintf("fifo (%v)", err), string(buffer[:n]), "web    | welcome back\n")
	wantText(t, "stderr", stderr.all(),
		"sexton | cannot write to stdout: broken pipe; output for it is counted and dropped until writing works again\n"+
			"sexton | stdout works again; dropped meanwhile: 5000 lines (500 kB)\n")
}

// Without stdout and stderr everything is dropped, and nobody is held up.
func TestClosedDescriptors(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1})
	m.begin()
	m.err = &sink{mux: m, to: m.destinations.Descriptor(-1), name: "stderr"}
	m.own.sink = m.err
	web := spawn(t, m, Source{Service: "web"})
	within(t, "writing", func() { web.say(strings.Repeat("line\n", 100_000)) })
	m.Say(Errors, "", "nobody will see it")
	web.exit()
	l := m.Flush(await.Patience, await.Patience)
	want := []Leftover{{Service: "web", Stream: Stdout, Dropped: Count{Bytes: 500_000, Lines: 100_000}}}
	if fmt.Sprint(l) != fmt.Sprint(want) || m.own.account.now().Pending() != (Count{}) {
		t.Errorf("told of the loss: %+v, want %+v", l, want)
	}
}

// A full disk slows the services down, and is said; what was lost is counted.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: int(full.Fd()), Err: stderr.out})
	web := spawn(t, m, Source{Service: "web"})
	web.say("line\nline\n")
	web.exit()
	l := m.Flush(await.Patience, await.Patience)
	if len(l) != 1 || l[0].Dropped != (Count{Bytes: 10, Lines: 2}) {
		t.Errorf("told of the loss: %+v", l)
	}
	wantText(t, "stderr", stderr.all(), "sexton | cannot write to stdout: no space left on device; "+
		"output for it is counted and dropped until writing works again\n")
}

// A write fails in the middle of a line. What was written of it stays alone on
// its line, and is not counted as written.
func TestTornLineIsEndedBeforeTheNext(t *testing.T) {
	out, stderr := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: stderr.out})
	var left atomic.Int64
	left.Store(24)
	m.begin()
	m.out.to = fake(func(p []byte) (int, error) {
		if left.Load() == 0 {
			return 0, unix.EIO
		}
		n, err := unix.Write(out.out, p[:min(len(p), int(left.Load()))])
		left.Add(int64(-n))
		return n, err
	})
	web := spawn(t, m, Source{Service: "web"})
	web.say("one\ntwo\nthree\n")
	await.Until(t, "the failure", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == 2 })
	await.Until(t, "the sink is idle", m.out.idle)
	left.Store(1000)
	web.say("four\n")
	web.exit()
	l := m.Flush(await.Patience, await.Patience)
	if len(l) != 1 || l[0].Dropped != (Count{Bytes: 10, Lines: 2}) {
		t.Errorf("told of the loss: %+v", l)
	}
	wantText(t, "stdout", out.all(), "web    | one\nweb    | tw\nweb    | four\n")
	if a := accountOfTest(t, m, "web", Stdout); a.Out != (Count{Bytes: 9, Lines: 2}) {
		t.Errorf("account %+v", a)
	}
}
