package kernel

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Notifier reports our state to the service manager that started us: systemd, or podman in its place
// (sd_notify(3)).
type Notifier struct{ fd int }

// NewNotifier connects to the address that NOTIFY_SOCKET holds: a path, or an
// abstract name behind "@" (unix(7)). Nothing is sent.
func NewNotifier(address string) (*Notifier, error) {
	if !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "@") || len(address) < 2 {
		return nil, fmt.Errorf("%q is neither a path nor @ and a name", address)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("connect %s: %w", address, err)
	}
	return &Notifier{fd}, nil
}

// Notify sends one message, lines of NAME=VALUE. It does not wait: full means that the manager's
// queue of messages is full, and that this one was not sent.
func (n *Notifier) Notify(message string) (full bool, err error) {
	err = unix.Send(n.fd, []byte(message), unix.MSG_NOSIGNAL)
	if err == unix.EAGAIN || err == nil {
		return err != nil, nil
	}
	return false, fmt.Errorf("send: %w", err)
}
