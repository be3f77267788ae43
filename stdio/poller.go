package stdio

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller waits until one of many pipes can be read. It is an epoll instance
// that itself sits in the poller of Go's runtime: one goroutine sleeps on it,
// and neither a thread nor a goroutine per pipe.
//
// Each pipe is reported once, and not again until it is armed: more input does not
// disturb the goroutine that reads it (epoll_ctl(2), EPOLLONESHOT).
type poller struct {
	fd   int
	file *os.File
	conn syscall.RawConn
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	// os.NewFile gives only a non-blocking descriptor to the runtime's poller.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("fcntl: %w", err)
	}
	file := os.NewFile(uintptr(fd), "pipes")
	conn, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &poller{fd: fd, file: file, conn: conn}, nil
}

const pollEvents = unix.EPOLLIN | unix.EPOLLONESHOT

// addFor begins to wait until fd can be read (EPOLLIN) or written (EPOLLOUT), armed; with
// 0 for what it is not armed, though the kernel reports that the other end is closed all the
// same (epoll_ctl(2), EPOLLHUP).
func (p *poller) addFor(fd int, what uint32) error {
	e := unix.EpollEvent{Events: what | unix.EPOLLONESHOT, Fd: int32(fd)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// arm asks for one more report of fd, which comes at once if there is something
// to read. It cannot fail for a descriptor that was added: the kernel has all
// that it needs already (epoll_ctl(2), "ERRORS").
func (p *poller) arm(fd int) {
	e := unix.EpollEvent{Events: pollEvents, Fd: int32(fd)}
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &e)
}

// remove stops waiting for fd, before it is closed. Closing alone would not do
// it while a child between fork and exec still has a copy (epoll(7), "Questions
// and answers").
func (p *poller) remove(fd int) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// wait sleeps until there is an event. An error means that the poller was
// closed.
func (p *poller) wait(events []unix.EpollEvent) (n int, err error) {
	look := func(timeoutMillis int) bool {
		n, err = unix.EpollWait(p.fd, events, timeoutMillis)
		if err == unix.EINTR {
			n, err = 0, nil
		}
		return n > 0 || err != nil
	}
	failed := p.conn.Read(func(uintptr) bool { return look(0) })
	if failed == nil || err != nil {
		return n, err
	}
	if _, closed := p.file.Stat(); closed != nil {
		return 0, failed
	}
	// The runtime's poller did not take it. Then this costs a thread.
	for !look(-1) {
	}
	return n, err
}

// carry wakes every stream that can be read, and every goroutine that waits to write
// (awaitWritable), until the poller is closed.
func (m *Mux) carry(p *poller) {
	events := make([]unix.EpollEvent, 64)
	ready := make([]*stream, 0, len(events))
	for {
		n, err := p.wait(events)
		if err != nil {
			return
		}
		ready = ready[:0]
		m.mu.Lock()
		for _, e := range events[:n] {
			if s := m.open[e.Fd]; s != nil {
				ready = append(ready, s)
			} else if writable := m.parked[e.Fd]; writable != nil {
				select {
				case writable <- struct{}{}:
				default:
				}
			}
		}
		m.mu.Unlock()
		for _, s := range ready {
			s.wake()
		}
	}
}
