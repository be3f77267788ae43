package control

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/verbs"
)

func TestErrorSaysWhatWasFoundInsteadOfASexton(t *testing.T) {
	dir := t.TempDir()
	killed := filepath.Join(dir, "killed")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: killed, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	_, err = Ask([]string{filepath.Join(dir, "none"), killed, dir}, verbs.Request{Verb: "status"}, time.Second)
	want := fmt.Sprintf("no sexton answers: nothing at %s/none; %s was left behind by a sexton that was killed; %s is not a socket", dir, killed, dir)
	if err == nil || err.Error() != want {
		t.Errorf("%v\ninstead of %s", err, want)
	}
}

// shortQueue listens on a socket whose queue has room for one caller, and takes none.
func shortQueue(t *testing.T) (path string, fd int) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	return path, fd
}

// A client waits for a place in a full queue, as long as it has time.
func TestAFullQueueIsWaitedFor(t *testing.T) {
	path, fd := shortQueue(t)
	first, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, err = Ask([]string{path}, verbs.Request{Verb: "status"}, 10*fullPause)
	if err == nil || !strings.Contains(err.Error(), "too many clients") {
		t.Errorf("error %v", err)
	}
	asked := make(chan error)
	go func() {
		_, err := Ask([]string{path}, verbs.Request{Verb: "status"}, 10*time.Second)
		asked <- err
	}()
	for range 2 { // the first, and the one who asks
		conn, _, err := unix.Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(conn)
	}
	if err := <-asked; err == nil || strings.Contains(err.Error(), "too many clients at") {
		t.Errorf("error %v", err)
	}
}

// A client whose connection is closed at once, before it has written its request, is not
// ended by SIGPIPE but gets an error.
func TestClosedConnectionIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	for range 100 {
		if _, err := Ask([]string{path}, verbs.Request{Verb: "status"}, 10*time.Second); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("error %v", err)
		}
	}
}
