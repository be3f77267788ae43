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

// Each line is a datagram of the format that was asked for, with the service and the PID of its
// run; so is what we say ourselves of lines that were dropped.
func TestSyslog(t *testing.T) {
	host, _ := os.Hostname()
	pid := pidOf(0)
	t.Run("local", func(t *testing.T) {
		const at = "Jan  2 03:04:05 "
		testSyslog(t, false, func(pri, name string, pid int, more bool) string {
			if more {
				return fmt.Sprintf("<%s>%s%s[%d]: +", pri, at, name, pid)
			}
			return fmt.Sprintf("<%s>%s%s[%d]: ", pri, at, name, pid)
		}, pid)
	})
	t.Run("RFC 5424", func(t *testing.T) {
		const at = "1 2026-01-02T03:04:05.678900Z "
		testSyslog(t, true, func(pri, name string, pid int, more bool) string {
			id := "-"
			if more {
				id = "+"
			}
			return fmt.Sprintf("<%s>%s%s %s %d %s - ", pri, at, host, name, pid, id)
		}, pid)
	})
}

func testSyslog(t *testing.T, rfc5424 bool, head func(pri, name string, pid int, more bool) string, pid int) {
	path := filepath.Join(t.TempDir(), "log")
	stderr := newReader(t, 0).read()
	clock := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC) }
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: clock})
	log := service.Log{Syslog: "unix:" + path, RFC5424: rfc5424, MaxLine: 256}
	web := spawn(t, m, Source{Service: "web", Log: log})
	web.say("lost\n")
	await.Until(t, "it is dropped", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == 1 })
	fd := listenLog(t, path)
	defer func() { _ = unix.Close(fd) }()
	receive := func() string {
		buffer := make([]byte, 1000)
		var n int
		within(t, "a datagram", func() { n, _ = unix.Read(fd, buffer) })
		return string(buffer[:n])
	}
	web.say("one\n")
	wantText(t, "datagram", receive(), head("30", "web", pid, false)+"one")
	_, _ = web.err.WriteString(strings.Repeat("x", 300) + "\n")
	first := head("28", "web", pid, false)
	room := 255 - len(first)
	wantText(t, "datagram", receive(), first+strings.Repeat("x", room))
	wantText(t, "datagram", receive(), head("28", "web", pid, true)+strings.Repeat("x", 300-room))
	_ = unix.Close(fd)
	_ = unix.Unlink(path)
	fd = listenLog(t, path) // the daemon was started again
	web.say("two\n")
	wantText(t, "datagram", receive(), head("30", "web", pid, false)+"two")
	web.exit()
	drainedButDropped(t, m)

	kept := &keeper{}
	b := testBatches.borrow(kept, outBytes, nil)
	defer testBatches.giveBack(b)
	k := m.sinks()[2]
	lost := &stream{sink: k, account: &account{service: "web"}, frame: m.serviceFrame(&Source{Service: "web", Log: log}, Stdout, k)}
	lost.sayDropped(b, Count{Bytes: 80, Lines: 1})
	b.flush()
	wantText(t, "notice", kept.lines.String(), head("28", "sexton", os.Getpid(), false)+"web: 1 line (80 B) dropped for lack of room\n")
}

func listenLog(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	return fd
}
