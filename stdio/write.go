package stdio

import (
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// What is done about a disk that is full: each batch is tried so many times,
// with a pause that doubles. That is 150 ms; then it is dropped and counted.
// The services are slowed down by it, and not stopped.
const (
	fullTries = 5
	fullPause = 10 * time.Millisecond
	busyPause = 5 * time.Millisecond
)

// write writes all of p, or as much of it as the descriptor takes before it
// fails for good. It waits for as long as it must. A wait for descriptor 1 or 2
// blocks one thread, and so does a disk that hangs; see places.
//
// The descriptor is used as it is. It may have been made non-blocking by
// whoever shares it with us; then poll(2) waits. Making it blocking would break
// those who made it so. os.File is not used, because for descriptors 1 and 2 it
// answers EPIPE by ending the process (package os/signal, "SIGPIPE").
func (k *sink) write(p []byte) (n int, err error) {
	tries, pause := 0, fullPause
	polled := false
	for n < len(p) {
		next := p[n:]
		if k.pipe {
			next = next[:portion(k.fd, next, &k.mux.ending)]
		}
		written, err := k.writeTo(k.fd, next)
		switch {
		case written > 0:
			n += written
			tries, pause, polled = 0, fullPause, false
		case err == unix.EINTR:
		case err == unix.EAGAIN && polled:
			// It says that it can be written to, and then that it cannot: a
			// datagram socket whose reader's queue is full does that.
			time.Sleep(busyPause)
			polled = false
		case err == unix.EAGAIN:
			polled = true
			k.await()
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

// write is write(2). Package unix gives -1 for n with an error.
func write(fd int, p []byte) (int, error) {
	n, err := unix.Write(fd, p)
	return max(n, 0), err
}

// writer is how the descriptor is written to.
func (o *Options) writer(fd int) func(fd int, p []byte) (int, error) {
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return write
	}
	keep, free := o.KeepThread, o.FreeThread
	if keep == nil {
		keep, free = runtime.LockOSThread, runtime.UnlockOSThread
	}
	return func(fd int, p []byte) (int, error) {
		keep()
		defer free()
		return writeTerminal(fd, p)
	}
}

// writeTerminal is write for a terminal. We stand in its background once we
// have given it away, and where it is set to tostop, each write from there raises
// SIGTTOU, and would be started again by our handler for ever; unless the
// signal is blocked: then the terminal takes it (termios(3), TOSTOP). The caller stays on
// its thread.
func writeTerminal(fd int, p []byte) (int, error) {
	var block, before unix.Sigset_t
	block.Val[0] = 1 << (unix.SIGTTOU - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before); err == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}
	return write(fd, p)
}

// waitWritable sleeps until the descriptor takes something or has an error.
func waitWritable(fd int) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return
		}
	}
}
