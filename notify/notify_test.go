package notify

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/proc"
)

func TestParse(t *testing.T) {
	status, minute, none := "3 workers", time.Minute, time.Duration(0)
	for text, want := range map[string]Message{
		"READY=1":                      {Ready: true},
		"READY=1\n":                    {Ready: true},
		"READY=0":                      {},
		"RELOADING=1\nREADY=1":         {Ready: true, Reloading: true},
		"STOPPING=1\nSTATUS=3 workers": {Stopping: true, Status: &status},
		"STATUS=3 workers\nSTATUS=x":   {Status: &status},
		"READY=1\x00STOPPING=1":        {Ready: true},
		"MAINPID=12\nERRNO=2":          {Main: 12, Errno: "ERRNO=2"},
		"MAINPID=-1\nMAINPID=3":        {},
		"WATCHDOG=1":                   {Alive: true},
		"WATCHDOG=trigger":             {Trigger: true},
		"WATCHDOG_USEC=60000000":       {Watchdog: &minute},
		"WATCHDOG_USEC=0":              {Watchdog: &none},
		"WATCHDOG_USEC=x":              {},
		"EXTEND_TIMEOUT_USEC=5000000":  {Extend: 5 * time.Second},
		"EXTEND_TIMEOUT_USEC=1" + strings.Repeat("0", 18): {Extend: longest},
		"STATUS=\xff":              {},
		"X=1\n\n=\nready=1\nREADY": {},
	} {
		if got := Parse([]byte(text)); !same(got, want) {
			t.Errorf("%q: %+v, not %+v", text, got, want)
		}
	}
}

func same(a, b Message) bool {
	text := func(m Message) (s string) {
		if m.Status != nil {
			s = "status " + *m.Status
		}
		if m.Watchdog != nil {
			s += " watchdog " + m.Watchdog.String()
		}
		return s
	}
	if text(a) != text(b) {
		return false
	}
	a.Status, a.Watchdog, b.Status, b.Watchdog, a.Barrier, b.Barrier = nil, nil, nil, nil, nil, nil
	return a.Ready == b.Ready && a.Reloading == b.Reloading && a.Stopping == b.Stopping && a.Main == b.Main && a.Errno == b.Errno && a.Extend == b.Extend && a.Alive == b.Alive && a.Trigger == b.Trigger
}

// A message comes with its sender's credentials, which the kernel adds; the descriptor of a barrier is
// closed when the receiver says so. Messages that are too long are dropped.
func TestSocket(t *testing.T) {
	heard := make(chan Message, 8)
	s, err := Listen(func(m Message) { heard <- m })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	from, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(from)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	send := func(text string, rights []byte) {
		if err := unix.Sendmsg(from, []byte(text), rights, &unix.SockaddrUnix{Name: s.Name}, 0); err != nil {
			t.Fatal(err)
		}
	}
	send("READY=1\nX="+strings.Repeat("x", 5000), nil)
	send("READY=1", nil)
	send("BARRIER=1", unix.UnixRights(int(w.Fd())))
	w.Close()
	first, second := <-heard, <-heard
	if !first.Ready || first.PID != proc.PID(os.Getpid()) || first.UID != os.Getuid() || second.Barrier == nil {
		t.Fatalf("%+v, %+v", first, second)
	}
	if hungUp(t, r) {
		t.Error("the barrier was lifted before")
	}
	second.Barrier()
	_ = r.SetReadDeadline(time.Now().Add(await.Patience))
	if n, err := r.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
		t.Errorf("the barrier was not lifted: %v", err)
	}
}

// hungUp tells whether the other end of a pipe is closed by now.
func hungUp(t *testing.T, r *os.File) (is bool) {
	t.Helper()
	raw, err := r.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd)}}
		_, err = unix.Poll(poll, 0)
		is = poll[0].Revents&unix.POLLHUP != 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestPipe(t *testing.T) {
	ready := make(chan struct{}, 2)
	p, err := NewPipe(func() { ready <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	w, err := syscall.Dup(p.Write)
	if err != nil {
		t.Fatal(err)
	}
	p.Started()
	defer syscall.Close(w)
	_, _ = syscall.Write(w, []byte("abc"))
	await.Until(t, "the words are not read", func() bool {
		waiting, err := unix.IoctlGetInt(w, unix.TIOCINQ)
		return err == nil && waiting == 0
	})
	if len(ready) > 0 {
		t.Fatal("ready without a newline")
	}
	_, _ = syscall.Write(w, []byte("def\nmore\n"))
	select {
	case <-ready:
	case <-time.After(await.Patience):
		t.Fatal("a newline came, and nobody heard it")
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"READY=1\nSTATUS=x\nMAINPID=5", "WATCHDOG_USEC=18446744073709551615", "EXTEND_TIMEOUT_USEC=9\x00", "=\n==\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := Parse(text)
		if m.Extend < 0 || m.Watchdog != nil && *m.Watchdog < 0 || m.Main < 0 || m.Status != nil && (len(*m.Status) > mostStatus || strings.ContainsAny(*m.Status, "\n\x00")) {
			t.Errorf("%q: %+v", text, m)
		}
	})
}
