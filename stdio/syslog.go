package stdio

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// syslog is a sink's socket: each line is a datagram, as RFC 5424 has it. A
// further piece of a long line has "+" for its MSGID, other lines "-".
type syslog struct {
	sink    *sink
	address string // "unix:/dev/log", "udp:10.0.0.1:514"
	host    string
	fd      int // -1: not connected
}

// syslogMaxLine is how long a datagram is at most. RFC 5424 wants receivers to
// take 2048 bytes; those in use take 8 KiB.
const syslogMaxLine = 8 << 10

// Facility daemon; stdout is info, stderr a warning.
const (
	syslogOut = "<30>1 "
	syslogErr = "<28>1 "
)

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

// frame is what stands before a line of a service.
func (y *syslog) frame(name, which string) (f frame) {
	head := syslogOut
	if which == Stderr {
		head = syslogErr
	}
	f.time = span{len(head), len(head) + stampMicros}
	rest := " " + y.host + " " + name[:min(len(name), 48)] + " - "
	head += strings.Repeat(" ", stampMicros) + rest
	f.line, f.more = []byte(head+"- - "), []byte(head+"+ - ")
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
	family, address, err := syslogAddress(y.address)
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
