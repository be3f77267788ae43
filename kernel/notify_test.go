package kernel

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A manager that reads nothing holds nobody up, and one that has gone is an error.
func TestNotifyDoesNotWait(t *testing.T) {
	for _, address := range []string{filepath.Join(t.TempDir(), "socket"), "@sexton-test-" + filepath.Base(t.TempDir())} {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Bind(fd, &unix.SockaddrUnix{Name: address})
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := NewNotifier(address)
		if err != nil {
			t.Fatal(err)
		}
		full := false
		for sent := 0; err == nil && !full && sent < 1e6; sent++ {
			full, err = n.Notify("READY=1")
		}
		if !full {
			t.Errorf("%s: the queue is never full: %v", address, err)
		}
		unix.Close(fd)
		if full, err := n.Notify("READY=1"); err == nil || full {
			t.Errorf("%s: a socket that is gone is no error", address)
		}
		unix.Close(n.fd)
	}
	for _, address := range []string{"", "/", "@", "vsock:2:1234", "relative"} {
		if _, err := NewNotifier(address); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}
