package control

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/verbs"
)

// A socket whose queue another program keeps full, before ours in the order of the names, costs a client no time.
func TestAFullQueueOfAnotherProgramCostsNoTime(t *testing.T) {
	full := filepath.Join(t.TempDir(), "full")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: full}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 10 { // until there is no room
		caller, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(caller)
		if err = unix.Connect(caller, &unix.SockaddrUnix{Name: full}); err == unix.EAGAIN {
			break
		}
	}
	ours := listen(t, &loop{answer: someAnswer()})
	const within = time.Minute
	began := time.Now()
	if _, err := Ask([]string{full, ours.Path()}, verbs.Request{Verb: "status"}, within); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > within/4 {
		t.Errorf("it took %v", took)
	}
	if _, err := Ask([]string{full}, verbs.Request{Verb: "status"}, 50*time.Millisecond); err == nil {
		t.Error("a full queue has answered")
	}
}
