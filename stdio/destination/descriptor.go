package destination

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Descriptor is a descriptor that is used as it is. It may have been made non-blocking by
// a process that shares it with us; then poll(2) waits. Making it blocking would break
// that process. os.File is not used, because for descriptors 1 and 2 it answers EPIPE by
// ending the process (package os/signal, "SIGPIPE").
type Descriptor struct {
	set      *Set
	fd       int
	pipe     bool // it is a pipe or FIFO
	terminal bool
}

// Descriptor returns the destination of a descriptor, which stays the caller's.
func (s *Set) Descriptor(fd int) *Descriptor {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return &Descriptor{set: s, fd: fd, pipe: isPipe(fd), terminal: err == nil}
}

// FD is the descriptor.
func (d *Descriptor) FD() int { return d.fd }

// Write writes lines to the descriptor. To a pipe it writes whole lines only, see portion.
func (d *Descriptor) Write(p []byte) (int, error) {
	switch {
	case d.pipe:
		return write(d.fd, p[:portion(d.fd, p, d.set.Ending)])
	case !d.terminal:
		return write(d.fd, p)
	}
	keep, free := d.set.KeepThread, d.set.FreeThread
	if keep == nil {
		keep, free = runtime.LockOSThread, runtime.UnlockOSThread
	}
	keep()
	defer free()
	return writeTerminal(d.fd, p)
}

// write is write(2). Package unix gives -1 for n with an error.
func write(fd int, p []byte) (int, error) {
	n, err := unix.Write(fd, p)
	return max(n, 0), err
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
