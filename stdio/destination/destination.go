// Package destination writes lines to where they go: to a descriptor that is ours, to a
// file that is rotated and compressed, or to a syslog daemon. It also keeps lines on disk
// that wait for their turn (Spill). It does not know services, and lines are bytes to it.
//
// A destination is used by one goroutine at a time, which waits where the destination
// takes no more. Compression has a goroutine of its own, one for all files of a Set.
package destination

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Destination is where whole lines go.
type Destination interface {
	// Write writes whole lines once, or the rest of a line whose beginning it has
	// taken. It may take less than all of p. unix.EAGAIN asks to wait for FD.
	Write(p []byte) (n int, err error)

	// FD is the descriptor that it writes to; -1: none is open.
	FD() int
}

// Options is what the destinations of a Set need from their user.
type Options struct {
	Say   func(text string) // reports a failure to a person; never waits
	Clock func() time.Time
	Owner func(user, group string) (uid, gid int, err error) // finds the numbers of a file's owner; nil: files stay ours

	// Ending reports whether our own end has begun; then a long line waits for room in a pipe.
	Ending func() bool

	// KeepThread keeps the calling goroutine on its thread until FreeThread; nil: the
	// runtime's way, which makes a thread at the first call.
	KeepThread, FreeThread func()
}

// Set makes destinations. Its files share a goroutine that compresses.
type Set struct {
	Options
	compressor compressor
}

// NewSet returns a Set. It does nothing else.
func NewSet(o Options) *Set { return &Set{Options: o} }

// now is the present time; the year 1 without a clock.
func (s *Set) now() time.Time {
	if s.Clock == nil {
		return time.Time{}
	}
	return s.Clock()
}

// Idle reports whether no rotated file is being compressed, or will be.
func (s *Set) Idle() bool { return s.compressor.idle() }

// Write tries so many times when a disk is full, with a pause that doubles: 150 ms in
// all. Then it gives up. That slows the caller down and does not stop it.
const (
	fullTries = 5
	fullPause = 10 * time.Millisecond
)

// BusyPause is the wait for a destination that cannot be waited for in another way.
const BusyPause = 5 * time.Millisecond

// Write writes all of p to a destination, or as much of it as the destination takes
// before it fails for good. It waits for as long as it must; await waits until a
// descriptor can be written, or has an error.
func Write(d Destination, p []byte, await func(fd int)) (n int, err error) {
	tries, pause := 0, fullPause
	polled := false
	for n < len(p) {
		written, err := d.Write(p[n:])
		switch {
		case written > 0:
			n += written
			tries, pause, polled = 0, fullPause, false
		case err == unix.EINTR:
		case err == unix.EAGAIN && polled:
			// The kernel says that it can be written to, and then that it cannot: it
			// does so for a datagram socket whose receiver's queue is full.
			time.Sleep(BusyPause)
			polled = false
		case err == unix.EAGAIN:
			polled = true
			await(d.FD())
		case full(err):
			if tries++; tries == fullTries {
				return n, err
			}
			time.Sleep(pause)
			pause *= 2
		case err == nil:
			return n, io.ErrShortWrite
		default:
			return n, err
		}
	}
	return n, nil
}

// full tells whether the error may pass by itself: no room on the disk, no
// memory.
func full(err error) bool {
	return err == unix.ENOSPC || err == unix.EDQUOT || err == unix.ENOMEM || err == unix.ENOBUFS
}

// Await sleeps until a descriptor takes something or has an error. That blocks a thread.
func Await(fd int) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return
		}
	}
}
