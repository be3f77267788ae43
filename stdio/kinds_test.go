package stdio

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/service"
)

// Whatever our stdout is, each line arrives once, and its flags stay as they
// were given to us.
func TestKindsOfStdout(t *testing.T) {
	const lines = 5000
	text := strings.Repeat("x", 110)
	for _, kind := range []struct {
		name string
		open func(t *testing.T) (fd int, all func() string)
	}{
		{"file", openRegular}, {"file, appended", openAppended}, {"stream socket", openSocket}, {"terminal", openTerminal},
		{"/dev/null", func(t *testing.T) (int, func() string) { return openNull(t), nil }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			fd, all := kind.open(t)
			before, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			m := newMux(t, Options{Out: fd, Err: fd})
			web := spawn(t, m, Source{Service: "web", Log: service.Log{OneStream: true}})
			for i := range lines {
				web.say(fmt.Sprintf("%05d %s\n", i, text))
			}
			web.exit()
			flushed(t, m)
			if after, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); after != before {
				t.Errorf("flags %#x have become %#x", before, after)
			}
			if a := accountOfTest(t, m, "web", Stdout); a.Out != a.In || a.In.Lines != lines {
				t.Errorf("account %+v", a)
			}
			if all != nil {
				wantNumbered(t, kind.name, all(), "web    | ", 0, lines, text)
			}
		})
	}
}

func openRegular(t *testing.T) (int, func() string)  { return openPath(t, 0) }
func openAppended(t *testing.T) (int, func() string) { return openPath(t, unix.O_APPEND) }

func openPath(t *testing.T, flags int) (int, func() string) {
	path := filepath.Join(t.TempDir(), "out")
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC|flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd, func() string {
		data, _ := os.ReadFile(path)
		return string(data)
	}
}

func openSocket(t *testing.T) (int, func() string) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ends[0], collect(t, ends[0], ends[1])
}

func openTerminal(t *testing.T) (int, func() string) {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	slave, err := unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	all := collect(t, slave, master)
	return slave, func() string { return strings.ReplaceAll(all(), "\r\n", "\n") }
}

// collect reads from one descriptor until the other is closed, which all does.
func collect(t *testing.T, write, read int) (all func() string) {
	var data bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 16<<10)
		for {
			n, err := unix.Read(read, buffer)
			if n <= 0 && err != unix.EINTR {
				return
			}
			data.Write(buffer[:max(n, 0)])
		}
	}()
	t.Cleanup(func() { _ = unix.Close(read) })
	return func() string {
		_ = unix.Close(write)
		within(t, "reading to the end", func() { <-done })
		return data.String()
	}
}
