package stdio

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// within fails the test if something that must not wait does.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(await.Patience):
		t.Fatalf("still waiting after %v: %s", await.Patience, what)
	}
}

// reader is the other side of our stdout or stderr: what docker would be.
type reader struct {
	t    *testing.T
	out  int // for Options
	in   *os.File
	done chan struct{}

	mu   sync.Mutex
	data bytes.Buffer
}

// newReader makes a pipe that nobody reads until read is called. flags are for
// the end that is written to.
func newReader(t *testing.T, flags int) *reader {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(ends[1]), unix.F_SETFL, flags); err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, out: ends[1], in: os.NewFile(uintptr(ends[0]), "reader"), done: make(chan struct{})}
	t.Cleanup(func() {
		_ = r.in.Close()
		_ = unix.Close(r.out)
	})
	return r
}

// read begins to read, for ever.
func (r *reader) read() *reader {
	go func() {
		defer close(r.done)
		buffer := make([]byte, 64<<10)
		for {
			n, err := r.in.Read(buffer)
			r.mu.Lock()
			r.data.Write(buffer[:n])
			r.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return r
}

// stalled tells whether the pipe is full.
func (r *reader) stalled() bool {
	fds := []unix.PollFd{{Fd: int32(r.out), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return n == 0 && err == nil
}

func (r *reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.data.String()
}

// all is what arrived, once the pipe is empty. Everything must be written
// already.
func (r *reader) all() string {
	r.t.Helper()
	await.Until(r.t, "the reader has read all", func() bool {
		n, err := unix.IoctlGetInt(int(r.in.Fd()), unix.TIOCINQ)
		return n == 0 && err == nil
	})
	// What was taken from the pipe is in data before the next Read begins: a
	// mark of our own shows that it did.
	mark := "\x00mark\x00"
	if _, err := unix.Write(r.out, []byte(mark)); err != nil {
		r.t.Fatal(err)
	}
	await.Until(r.t, "the reader has read the mark", func() bool { return strings.HasSuffix(r.String(), mark) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data.Truncate(r.data.Len() - len(mark))
	return r.data.String()
}

// clear forgets what has arrived.
func (r *reader) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data.Reset()
}

// newMux is a Mux for one test. Two services are known, web and worker.
func newMux(t *testing.T, o Options) *Mux {
	t.Helper()
	if o.Self == "" {
		o.Self, o.Prefixed, o.Level = "sexton", true, Verbose
	}
	if o.Names == nil {
		o.Names = []string{"web", "worker"}
	}
	m := New(o)
	t.Cleanup(func() {
		// A stream that is still open would use the poller's descriptor after
		// it has become another's: then rather leave the poller.
		m.begin()
		quiet := m.wait(await.Patience, m.quiet)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.poller != nil && quiet {
			_ = m.poller.file.Close()
		}
	})
	return m
}

// child is a service as the mux sees it: the ends of its pipes, which do not
// block here, so that a test may have hundreds.
type child struct{ out, err *os.File }

func spawn(t *testing.T, m *Mux, o Source) *child {
	t.Helper()
	p, err := m.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Started(pidOf(o.Run))
	for _, fd := range []int{p.Out, p.Err} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Fatalf("the end of the service: flags %#x, %v; it must be blocking", flags, err)
		}
	}
	c := &child{out: holdEnd(t, p.Out), err: holdEnd(t, p.Err)}
	t.Cleanup(c.exit)
	return c
}

// pidOf is the PID of a run that is spawned.
func pidOf(run service.Run) int { return 4704 + int(run) }

func holdEnd(t *testing.T, fd int) *os.File {
	t.Helper()
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(copied, true); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(copied), "child")
}

// say writes to the service's stdout, and waits for room as a service would.
func (c *child) say(text string) { _, _ = c.out.WriteString(text) }

func (c *child) exit() {
	_ = c.out.Close()
	_ = c.err.Close()
}

// flushed ends the test if anything is lost.
func flushed(t *testing.T, m *Mux) {
	t.Helper()
	if l := m.Flush(await.Patience, await.Patience); len(l) > 0 || m.own.account.now().Pending().Lines > 0 {
		t.Fatalf("lost: %+v", l)
	}
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", what, clip(got), clip(want))
	}
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:1000] + "[...]" + s[len(s)-1000:]
	}
	return s
}

// accountOfTest finds an account by name.
func accountOfTest(t *testing.T, m *Mux, service, stream string) Account {
	t.Helper()
	for _, a := range m.Accounts() {
		if a.Service == service && a.Stream == stream {
			return a
		}
	}
	t.Fatalf("no account of %s %s", service, stream)
	return Account{}
}
