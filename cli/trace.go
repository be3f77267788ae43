package cli

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// traceFile is the file of --trace. The loop writes it, so a pipe that is not read is waited for only once, for traceMost:
// then the error ends the trace. A loop that waits reaps nothing and takes no signal.
type traceFile int

const traceMost = 200 * time.Millisecond

func (f traceFile) Write(p []byte) (done int, err error) {
	for done < len(p) {
		n, err := unix.Write(int(f), p[done:])
		switch {
		case err == unix.EAGAIN:
			if !takesMore(int(f)) {
				return done, errors.New("its reader does not read")
			}
		case err != nil && err != unix.EINTR:
			return done, err
		default:
			done += max(0, n)
		}
	}
	return done, nil
}

// takesMore waits until a descriptor can be written to, or until the time is over.
func takesMore(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for by := time.Now().Add(traceMost); ; {
		n, err := unix.Poll(fds, int(max(0, time.Until(by)).Milliseconds()))
		if err != unix.EINTR || time.Now().After(by) {
			return n > 0
		}
	}
}
