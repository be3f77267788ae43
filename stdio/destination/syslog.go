package destination

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// Syslog is a syslog daemon: each line is a datagram.
type Syslog struct {
	address string // "unix:/dev/log", "udp:10.0.0.1:514"
	message func(line []byte) []byte
	fd      int // -1: not connected
}

// NewSyslog returns the destination of a daemon at an address, "unix:PATH" or
// "udp:HOST:PORT". message makes a datagram of a line, which has no newline. It does
// nothing else.
func NewSyslog(address string, message func(line []byte) []byte) *Syslog {
	return &Syslog{address: address, message: message, fd: -1}
}

// FD is the descriptor of the socket.
func (y *Syslog) FD() int { return y.fd }

// Write sends the first line. A daemon that was started
// again has a new socket, so what the old one refuses is sent once more.
func (y *Syslog) Write(p []byte) (int, error) {
	line, _, whole := bytes.Cut(p, []byte("\n"))
	n := len(line)
	if whole {
		n++
	}
	line = y.message(line)
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
func (y *Syslog) send(line []byte) error {
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

func (y *Syslog) connect() error {
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
