package destination

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
)

func same(line []byte) []byte { return line }

// listen is a daemon's socket at a path.
func listen(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(t, err, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// receive is the next datagram; "" if there is none.
func receive(fd int) string {
	buffer := make([]byte, 1000)
	n, _ := unix.Read(fd, buffer)
	return string(buffer[:max(0, n)])
}

// Each line is a datagram, without its newline. A daemon that was started again has a new
// socket: the line that the old one refuses goes there.
func TestEachLineIsADatagram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	y := NewSyslog("unix:"+path, func(line []byte) []byte { return append([]byte("<30>"), line...) })
	if n, err := y.Write([]byte("lost\n")); n != 0 || err == nil || !strings.HasPrefix(err.Error(), "connect: ") || y.FD() >= 0 {
		t.Errorf("without a daemon: %d, %v", n, err)
	}
	daemon := listen(t, path)
	if n, err := y.Write([]byte("one\ntwo\n")); n != len("one\n") || err != nil {
		t.Errorf("it took %d bytes: %v", n, err)
	}
	if y.FD() < 0 {
		t.Error("each line would connect again")
	}
	if n, err := Write(y, []byte("two\nno end"), Await); n != len("two\nno end") || err != nil {
		t.Errorf("it took %d bytes: %v", n, err)
	}
	_ = unix.Close(daemon)
	must(t, unix.Unlink(path))
	again := listen(t, path)
	if n, err := y.Write([]byte("three\n")); n != len("three\n") || err != nil {
		t.Errorf("started again: %d, %v", n, err)
	}
	if got := receive(again); got != "<30>three" {
		t.Errorf("got %q", got)
	}
	// A daemon that is busy is waited for: the descriptor stays.
	var err error
	for err == nil {
		_, err = y.Write([]byte("four\n"))
	}
	if err != unix.EAGAIN || y.FD() < 0 {
		t.Errorf("busy: %v, descriptor %d", err, y.FD())
	}
}

// Over the network a datagram goes to an address of either family.
func TestSyslogOverTheNetwork(t *testing.T) {
	for _, text := range []string{"udp:127.0.0.1:", "udp:[::1]:"} {
		family, address, err := syslogAddress(text + "0")
		must(t, err)
		fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		must(t, err)
		defer unix.Close(fd)
		if err := unix.Bind(fd, address); err != nil {
			t.Logf("%s: %v", text, err)
			continue
		}
		bound, err := unix.Getsockname(fd)
		must(t, err)
		port := ""
		switch a := bound.(type) {
		case *unix.SockaddrInet4:
			port = strconv.Itoa(a.Port)
		case *unix.SockaddrInet6:
			port = strconv.Itoa(a.Port)
		}
		_, err = NewSyslog(text+port, same).Write([]byte("one\n"))
		must(t, err)
		await.Until(t, "the datagram", func() bool { return receive(fd) == "one" })
	}
	if _, err := NewSyslog("udp:nowhere", same).Write([]byte("one\n")); err == nil {
		t.Error("an address without a port")
	}
}
