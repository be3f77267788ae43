package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// Whenever our process ends, what is in the pipe of a reader that stalls are whole lines, in every
// format: of our stdout and of a FIFO that services log to, also where somebody else's bytes and
// a page that was read in part are in it.
func TestStalledPipeHoldsWholeLines(t *testing.T) {
	for _, c := range []struct {
		format service.Format
		fifo   bool
		read   int
	}{{service.Raw, false, 0}, {service.Raw, true, 30_001}, {service.Prefix, true, 0}, {service.JSON, false, 30_001}} {
		t.Run(fmt.Sprintf("%v, FIFO %v, read %d", c.format, c.fifo, c.read), func(t *testing.T) {
			testStalledPipe(t, c.format, c.fifo, c.read)
		})
	}
}

func testStalledPipe(t *testing.T, format service.Format, fifo bool, read int) {
	out := newReader(t, 0)
	log := service.Log{Format: format, OneStream: true}
	if fifo {
		log.File = service.LogFile{Path: filepath.Join(t.TempDir(), "fifo"), Mode: 0o600}
		if err := unix.Mkfifo(log.File.Path, 0o600); err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Open(log.File.Path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = &reader{t: t, out: fd, in: os.NewFile(uintptr(again), "fifo"), done: make(chan struct{})}
	}
	m := newMux(t, Options{Out: out.out, Err: openNull(t), Clock: testClock()})
	web := spawn(t, m, Source{Service: "web", Log: log})
	defer func() { // the pipe is emptied, so that all comes to its end
		out.read()
		web.exit()
		flushed(t, m)
	}()
	foreign := "somebody else's line\n"
	if _, err := unix.Write(out.out, []byte(foreign)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := range 6000 {
			if _, err := fmt.Fprintf(web.out, "%05d %s\n", i, strings.Repeat("x", 37+i%301)); err != nil {
				return
			}
		}
	}()
	stalledFor(t, out)
	if read > 0 {
		if _, err := unix.Read(int(out.in.Fd()), make([]byte, read)); err != nil {
			t.Fatal(err)
		}
		stalledFor(t, out)
	}
	got := contents(t, out)
	if len(got) < 30_000 || !strings.HasSuffix(got, "\n") {
		t.Errorf("%d bytes are in the pipe; they end with %q", len(got), got[max(0, len(got)-50):])
	}
}

// stalledFor waits until the writer has come to rest before the reader: it is in a write
// that does not go on.
func stalledFor(t *testing.T, r *reader) {
	t.Helper()
	stalledAt(t, r, 30_000)
}

// stalledAt is stalledFor where more than least bytes are in the pipe then.
func stalledAt(t *testing.T, r *reader, least int) {
	t.Helper()
	before, since := -1, time.Now()
	await.Until(t, "the writer is stalled", func() bool {
		n, err := unix.IoctlGetInt(r.out, unix.TIOCINQ)
		if err != nil {
			t.Fatal(err)
		}
		if n != before {
			before, since = n, time.Now()
		}
		return n > least && time.Since(since) > 100*time.Millisecond
	})
}

// contents is what is in the pipe, which stays there.
func contents(t *testing.T, r *reader) string {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer closeBoth(ends)
	n, err := unix.Tee(int(r.in.Fd()), ends[1], 1<<20, unix.SPLICE_F_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	buffer, have := make([]byte, n), 0
	for have < int(n) {
		k, err := unix.Read(ends[0], buffer[have:])
		if err != nil {
			t.Fatal(err)
		}
		have += k
	}
	return string(buffer)
}

// In our own end a line that is longer than PIPE_BUF is not begun before there is room for all of it,
// and goes out as soon as there is.
func TestLongLineIsNotBegunWithoutRoom(t *testing.T) {
	out := newReader(t, 0)
	m := newMux(t, Options{Out: out.out, Err: openNull(t)})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, OneStream: true}})
	if left := m.Flush(time.Millisecond, time.Millisecond); len(left) != 1 || !left[0].Held {
		t.Fatalf("%+v", left)
	}
	const lines, size = 10, 13_001
	go func() {
		for i := range lines {
			web.say(strings.Repeat(string('a'+rune(i)), size) + "\n")
		}
		web.exit()
	}()
	await.Until(t, "the first line", func() bool { n, _ := unix.IoctlGetInt(out.out, unix.TIOCINQ); return n > 0 })
	// While a write that has room for its line goes on, a part of the line is there.
	await.Until(t, "whole lines alone", func() bool { return len(contents(t, out))%(size+1) == 0 })
	stalledAt(t, out, size)
	if got := contents(t, out); len(got)%(size+1) != 0 {
		t.Fatalf("%d bytes are in the pipe, and a line has %d", len(got), size+1)
	}
	out.read()
	flushed(t, m)
	if got := out.all(); len(got) != lines*(size+1) {
		t.Errorf("%d bytes came through", len(got))
	}
}
