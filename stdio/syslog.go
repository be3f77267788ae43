package stdio

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// syslog is a sink's socket: each line is a datagram, in one of two formats. Daemons that
// read a local socket expect what syslog(3) sends there (RFC 3164, 5.3 and appendix A of RFC 5424):
//
//	<30>Jan  2 15:04:05 web[7]: the text
//	<30>Jan  2 15:04:05 web[7]: +a further piece of a long line
//
// Over the network, and where the file asks for it, a datagram is as RFC 5424 has it, with
// "+" for the MSGID of a further piece:
//
//	<30>1 2026-01-02T15:04:05.678900Z host web 7 - - the text
//
// Both have the time in UTC. syslog(3) has local time, without saying of which place; rsyslog's imuxsock
// puts its own time in the place of it (IgnoreTimestamp), busybox's syslogd keeps it.
type syslog struct {
	sink    *sink
	address string // "unix:/dev/log", "udp:10.0.0.1:514"
	host    string
	fd      int // -1: not connected
}

// syslogMaxLine is how long a datagram is at most. RFC 5424 wants receivers to
// take 2048 bytes; those in use take 8 KiB.
const syslogMaxLine = 8 << 10

// syslogPRI is facility daemon (3), and the severity: stdout is info (6), stderr a
// warning (4).
func syslogPRI(which string) string {
	if which == Stderr {
		return "<28>"
	}
	return "<30>"
}

// syslogSink finds or makes the sink of an address.
func (m *Mux) syslogSink(address string) *sink {
	return m.other(address, func(k *sink) {
		k.syslog = &syslog{sink: k, address: address, fd: -1}
		k.syslog.host, _ = os.Hostname()
		if k.syslog.host == "" {
			k.syslog.host = "-"
		}
		k.writeTo = k.syslog.write
	})
}

// frame is what stands before a line of a run.
func (y *syslog) frame(name, which string, pid int, rfc5424 bool) (f frame) {
	head, before, behind, more := syslogPRI(which), " "+name+"[", "]: ", "]:+"
	size := stampLocal
	if rfc5424 {
		head += "1 "
		before, behind, more = " "+y.host+" "+name[:min(len(name), 48)]+" ", " - - ", " + - "
		size = stampMicros
	}
	f.local = !rfc5424
	f.time = span{len(head), len(head) + size}
	head += strings.Repeat(" ", size) + before
	number := strconv.Itoa(pid)
	f.vary = []span{{len(head), len(head) + len(number)}}
	f.line, f.more = []byte(head+number+behind), []byte(head+number+more)
	return f
}

// write is a sink's writeTo: it sends the first line. A daemon that was started
// again has a new socket, so what the old one refuses is sent once more.
func (y *syslog) write(_ int, p []byte) (int, error) {
	line, _, whole := bytes.Cut(p, newline)
	n := len(line)
	if whole {
		n++
	}
	line = spaced(line)
	fresh := y.fd < 0
	err := y.send(line)
	if err != nil && y.fd < 0 && !fresh {
		err = y.send(line)
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// spaced puts the space before the plus sign of a further piece in the local format: a
// daemon takes all up to a space for the tag. In our own buffers there is none, so that no
// text looks like such a piece (frame.measure). Names have no bracket.
func spaced(line []byte) []byte {
	const mark = "]:+"
	at := bytes.IndexByte(line, ']')
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(mark)) || line[len("<30>")] == '1' {
		return line
	}
	at += len(mark) - 1
	return slices.Concat(line[:at], []byte(" "), line[at:])
}

// send sends a datagram, and disconnects after an error that does not pass by
// itself.
func (y *syslog) send(line []byte) error {
	if y.fd < 0 {
		if err := y.connect(); err != nil {
			return err
		}
	}
	err := unix.Send(y.fd, line, unix.MSG_NOSIGNAL)
	if err != nil && err != unix.EINTR && err != unix.EAGAIN && !full(err) {
		_ = unix.Close(y.fd)
		y.fd = -1
	}
	return err
}

func (y *syslog) connect() error {
	where := y.address
	if path, ok := strings.CutPrefix(where, "unix:"); ok && !strings.HasPrefix(path, "@") { // that is an abstract one
		held, done, err := paths.Socket(path)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer done()
		where = "unix:" + held
	}
	family, address, err := syslogAddress(where)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(fd, address); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("connect: %w", err)
	}
	y.fd = fd
	return nil
}

func syslogAddress(text string) (family int, address unix.Sockaddr, err error) {
	way, where, _ := strings.Cut(text, ":")
	if way == "unix" {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: where}, nil
	}
	to, err := netip.ParseAddrPort(where)
	switch {
	case err != nil:
		return 0, nil, err
	case to.Addr().Is4():
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}, nil
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}, nil
}
