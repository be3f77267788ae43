package stdio

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// openOwn opens a terminal of a service's own, or skips where there can be none.
func openOwn(t *testing.T, m *Mux, o Source) *child {
	t.Helper()
	probe, err := openPTMX()
	if err != nil {
		t.Skip(err)
	}
	_ = unix.Close(probe)
	o.Terminal = true
	return spawn(t, m, o)
}

// What a service writes to its terminal in one go before it ends is carried to
// the last byte, both descriptors in one order and without a carriage return,
// run after run; nothing stays open.
func TestTerminalIsReadToItsEnd(t *testing.T) {
	const runs, lines = 50, 2000
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out})
	openOwn(t, m, Source{Service: "web"}).exit()
	await.Until(t, "the first has ended", func() bool { return len(m.streams()) == 0 })
	before := descriptors(t)
	for i := range runs {
		web := openOwn(t, m, Source{Service: "web", Log: service.Log{OneStream: true}})
		for j := range lines {
			to := web.out
			if j%2 == 1 {
				to = web.err
			}
			if _, err := fmt.Fprintf(to, "%d %d\n", i, j); err != nil {
				t.Fatal(err)
			}
		}
		web.exit()
		await.Until(t, "there is a terminal for the next", func() bool { return len(m.streams()) < mostTerminals })
	}
	flushed(t, m)
	// Runs overlap here, as they do not in life.
	got := strings.Split(r.all(), "\n")
	if len(got)-1 != runs*lines {
		t.Errorf("%d lines, want %d", len(got)-1, runs*lines)
	}
	for i := range runs {
		last := -1
		prefix := fmt.Sprintf("web    | %d ", i)
		for _, line := range got {
			if n, ok := strings.CutPrefix(line, prefix); ok {
				if last++; n != strconv.Itoa(last) {
					t.Fatalf("run %d: %q in place of %d", i, n, last)
				}
			}
		}
		if last != lines-1 {
			t.Errorf("run %d ends with line %d", i, last)
		}
	}
	if a := accountOfTest(t, m, "web", Stdout); a.In != a.Out || a.In.Lines != runs*lines {
		t.Errorf("account %+v", a)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors have become %d", before, after)
	}
}

// The kernel says that a terminal has ended a moment too early, about once in
// 10,000 ends that meet a reader: the bytes from before are not lost by it.
func TestTerminalThatEndsTooEarly(t *testing.T) {
	m := newMux(t, Options{Out: 1, Err: 2})
	const text = "the last line\n"
	var p [64]byte
	for run := range 200 {
		ours, err := openPTMX()
		if err != nil {
			t.Skip(err)
		}
		theirs, err := m.otherSide(ours)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for range run % 50 { // a little later each time
				_ = unix.Getpid()
			}
			_, _ = unix.Write(theirs, []byte(text))
			_ = unix.Close(theirs)
		}()
		s := stream{fd: ours, terminal: true}
		got := 0
		for {
			n, err := s.read(p[:])
			if n > 0 {
				got += n
			} else if err != unix.EAGAIN {
				break
			}
		}
		_ = unix.Close(ours)
		if got != len(text) {
			t.Fatalf("run %d: %d of %d bytes", run, got, len(text))
		}
	}
}

// When nobody reads our stdout, every byte that was written to a terminal is
// accounted for at the end, also what the kernel does not tell of.
func TestWhatIsLeftInATerminalIsCounted(t *testing.T) {
	r := newReader(t, 0) // nobody reads
	m := newMux(t, Options{Out: r.out, Err: r.out})
	web := openOwn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, OneStream: true}})
	line := []byte(strings.Repeat("x", 99) + "\n")
	written := int64(0)
	for {
		if err := web.out.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := web.out.Write(line)
		written += int64(n)
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			break
		}
	}
	l := m.Flush(100*time.Millisecond, 100*time.Millisecond)
	var gone int64
	for _, left := range l {
		gone += left.Pending.Bytes + left.Unread + left.Dropped.Bytes
	}
	a := accountOfTest(t, m, "web", Stdout)
	if gone+a.Out.Bytes != written || len(l) != 1 || !l[0].Held {
		t.Errorf("%d written, %d went out, %d are said to be left: %+v", written, a.Out.Bytes, gone, l)
	}
	// The kernel keeps up to 64 KiB, less what its own buffers cost it.
	if written < 32<<10 {
		t.Errorf("only %d bytes were written", written)
	}
	r.read()
	web.exit()
}

// A terminal has the size of the one that we write to, also when that changes: as
// soon as we hear of it, and else when something is written. A size that a program
// has chosen itself stays meanwhile.
func TestTerminalHasTheSizeOfOurs(t *testing.T) {
	slave, all := openTerminal(t)
	ours := func(rows uint16) {
		if err := unix.IoctlSetWinsize(slave, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 132}); err != nil {
			t.Fatal(err)
		}
	}
	ours(40)
	m := newMux(t, Options{Out: slave, Err: slave})
	web, more := openOwn(t, m, Source{Service: "web"}), openOwn(t, m, Source{Service: "more"})
	rows := func(c *child, chosen uint16) uint16 {
		raw, err := c.out.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		size := new(unix.Winsize)
		if failed := raw.Control(func(fd uintptr) {
			if chosen != 0 {
				err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: chosen, Col: 132})
			}
			if err == nil {
				size, err = unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
			}
		}); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
		if size.Col != 132 {
			t.Errorf("%d columns", size.Col)
		}
		return size.Row
	}
	if got := rows(web, 0); got != 40 {
		t.Errorf("%d rows at the start", got)
	}
	ours(41)
	m.Resize()
	if got := rows(web, 0); got != 41 {
		t.Errorf("%d rows after Resize", got)
	}
	rows(more, 10)
	m.Resize()
	last := openOwn(t, m, Source{Service: "last"})
	if a, b, c := rows(web, 0), rows(more, 0), rows(last, 0); a != 41 || b != 10 || c != 41 {
		t.Errorf("%d, %d and %d rows, of which one has chosen 10", a, b, c)
	}
	ours(42)
	if _, err := web.out.WriteString("x\n"); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "both have the new size", func() bool { return rows(web, 0) == 42 && rows(more, 0) == 42 })
	for _, c := range []*child{web, more, last} {
		c.exit()
	}
	flushed(t, m)
	all()
}

// Where there are no descriptors left the start fails, says what to do, and
// leaves nothing open.
func TestTerminalWithoutDescriptors(t *testing.T) {
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out})
	openOwn(t, m, Source{Service: "web"}).exit() // the poller is there now
	await.Until(t, "it has ended", func() bool { return len(m.streams()) == 0 })
	before := descriptors(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	free, err := unix.FcntlInt(uintptr(r.out), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(free)
	for room := range 2 { // for our side of the two
		less := unix.Rlimit{Cur: uint64(free + room), Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &less); err != nil {
			t.Fatal(err)
		}
		p, err := m.Open(Source{Service: "web", Terminal: true})
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if p != nil || !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "cannot make its terminal: open /dev/pt") ||
			!strings.Contains(err.Error(), "raise the limit") {
			t.Errorf("room for %d: %v, %v", room, p, err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors have become %d", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// Both ways to the service's side lead to the same terminal.
func TestBothWaysToTheOtherSide(t *testing.T) {
	ours, err := openPTMX()
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(ours)
	if err := unix.IoctlSetPointerInt(ours, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	var found [2]unix.Stat_t
	for i, open := range []func(int) (int, error){openPeer, openPeerByName} {
		theirs, err := open(ours)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(theirs)
		if flags, err := unix.FcntlInt(uintptr(theirs), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("way %d: descriptor flags %#x, %v", i, flags, err)
		}
		if err := unix.Fstat(theirs, &found[i]); err != nil {
			t.Fatal(err)
		}
	}
	if found[0].Rdev != found[1].Rdev || found[0].Ino != found[1].Ino {
		t.Errorf("%+v and %+v", found[0], found[1])
	}
}
