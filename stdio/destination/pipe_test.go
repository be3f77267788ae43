package destination

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
)

// newPipe is a pipe that blocks nobody.
func newPipe(t *testing.T) (in, out int) {
	t.Helper()
	var ends [2]int
	must(t, unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
	t.Cleanup(func() {
		_ = unix.Close(ends[0])
		_ = unix.Close(ends[1])
	})
	return ends[0], ends[1]
}

// A pipe is given whole lines that it takes at once, as many as there is room for.
func TestPipeGetsWholeLines(t *testing.T) {
	in, out := newPipe(t)
	d := NewSet(Options{Ending: func() bool { return false }}).Descriptor(out)
	text := []byte(numbered(0, 2000))
	n, err := d.Write(text)
	must(t, err)
	if size, _ := unix.FcntlInt(uintptr(out), unix.F_GETPIPE_SZ, 0); n > size || n <= size-100 || n%100 != 0 {
		t.Errorf("an empty pipe of %d bytes was given %d", size, n)
	}
	if n, err := d.Write(text[n:]); n > 0 || err != unix.EAGAIN {
		t.Errorf("a full one took %d bytes: %v", n, err)
	}
	buffer := make([]byte, 30_001)
	_, err = unix.Read(in, buffer)
	must(t, err)
	again, err := d.Write(text[n:])
	must(t, err)
	if again == 0 || again%100 != 0 {
		t.Errorf("with room for some it was given %d bytes", again)
	}
}

// Up to PIPE_BUF bytes go as they are; of more, whole lines. A line that is longer is begun
// at once, but in our own end only when there is room for all of it, or when there never can be.
func TestPortionOfALongLine(t *testing.T) {
	in, out := newPipe(t)
	never, always := func() bool { return false }, func() bool { return true }
	fill := make([]byte, 40_000)
	_, err := unix.Write(out, fill)
	must(t, err)
	long := []byte(strings.Repeat("x", 20_000) + "\nnext\n" + strings.Repeat("y", 9000))
	for what, c := range map[string]struct {
		p      string
		ending func() bool
		want   int
	}{
		"no end, short":        {strings.Repeat("x", pipeBuf), always, pipeBuf},
		"two lines":            {numbered(0, 100), always, 4000},
		"long":                 {string(long), never, 20_001},
		"longer than the pipe": {strings.Repeat("x", 70_000) + "\n", always, 70_001},
	} {
		if got := portion(out, []byte(c.p), c.ending); got != c.want {
			t.Errorf("%s: %d bytes, want %d", what, got, c.want)
		}
	}
	var looks atomic.Int64
	got := make(chan int)
	go func() {
		got <- portion(out, long, func() bool { looks.Add(1); return true })
	}()
	await.Until(t, "it looks again", func() bool { return looks.Load() > 2 })
	select {
	case n := <-got:
		t.Fatalf("it was begun without room: %d bytes", n)
	default:
	}
	_, err = unix.Read(in, fill)
	must(t, err)
	select {
	case n := <-got:
		if n != 29_006 {
			t.Errorf("with room for it: %d bytes", n)
		}
	case <-time.After(await.Patience):
		t.Error("it waits though there is room")
	}
}

// Whatever was written to a pipe, and read from it, it takes at once what pipeRoom tells.
func TestPipeRoomIsThere(t *testing.T) {
	in, out := newPipe(t)
	buffer := make([]byte, 128<<10)
	for i := range 5000 {
		room, size := pipeRoom(out)
		if size != 64<<10 || room > size {
			t.Skipf("room for %d bytes in %d", room, size)
		}
		if room > 0 && i%7 == 0 {
			if n, err := unix.Write(out, buffer[:room]); n != room {
				t.Fatalf("it took %d of %d bytes: %v", n, room, err)
			}
		}
		_, _ = unix.Write(out, buffer[:1+i*7919%5000])
		if i%3 == 0 {
			_, _ = unix.Read(in, buffer[:1+i*104729%9000])
		}
		if i%11 == 0 {
			for n := 1; n > 0; {
				n, _ = unix.Read(in, buffer)
			}
		}
	}
}

// A terminal is written from its background, with SIGTTOU blocked, on one thread.
func TestTerminalIsWrittenOnOneThread(t *testing.T) {
	ptmx, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(ptmx)
	must(t, unix.IoctlSetPointerInt(ptmx, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(ptmx, unix.TIOCGPTN)
	must(t, err)
	tty, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	defer tty.Close()
	kept, freed := 0, 0
	set := NewSet(Options{KeepThread: func() { kept++ }, FreeThread: func() { freed++ }})
	n, err := set.Descriptor(int(tty.Fd())).Write([]byte("one\n"))
	if n != 4 || err != nil || kept != 1 || freed != 1 {
		t.Errorf("%d, %v; kept %d, freed %d", n, err, kept, freed)
	}
	if n, err := NewSet(Options{}).Descriptor(int(tty.Fd())).Write([]byte("two\n")); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	var mask unix.Sigset_t
	must(t, unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask))
	if mask.Val[0]&(1<<(unix.SIGTTOU-1)) != 0 {
		t.Error("SIGTTOU stays blocked")
	}
}
