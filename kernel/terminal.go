package kernel

import (
	"os"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// FindTerminal looks for a terminal that is ours to give away: one of the
// descriptors 0, 1 and 2 is our controlling terminal and our process group is
// its foreground group. A start in the background finds nothing, so it steals
// nothing. ok is false where there is none; that is no error.
func (*Linux) FindTerminal() (t proc.Terminal, ok bool) {
	for fd := 0; fd <= 2; fd++ {
		// TIOCGPGRP fails with ENOTTY unless the descriptor is our controlling
		// terminal (ioctl_tty(2)).
		group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		if err != nil {
			continue
		}
		if group != unix.Getpgrp() {
			return proc.Terminal{}, false
		}
		modes, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			modes = nil
		}
		return proc.Terminal{FD: fd, Group: group, Modes: modes}, true
	}
	return proc.Terminal{}, false
}

// TakeBack makes our group the foreground group again and restores the modes
// that the terminal had when we were started. Nothing that fails here matters
// to anyone: the terminal may be gone.
func (*Linux) TakeBack(t proc.Terminal) {
	var block, before unix.Sigset_t
	block.Val[0] = proc.TTOU.Bit()
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before)
	_ = unix.IoctlSetPointerInt(t.FD, unix.TIOCSPGRP, t.Group)
	if modes, _ := t.Modes.(*unix.Termios); modes != nil {
		_ = unix.IoctlSetTermios(t.FD, unix.TCSETS, modes)
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
}

// IsTerminal tells whether fd is any terminal.
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// LeaveNothingOpen closes every descriptor above 2 that we were given by who
// started us, and goes to the root directory: neither a mount nor a pipe of
// theirs may hang on us for as long as we live. Descriptors of our own are
// known by their close-on-exec flag.
func (*Linux) LeaveNothingOpen() {
	_ = unix.Chdir("/")
	for _, fd := range openDescriptors() {
		if fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// openDescriptors lists our descriptors; where /proc is missing it
// guesses the first 256.
func openDescriptors() []int {
	var fds []int
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, entry := range entries {
			fd := 0
			for _, digit := range entry.Name() {
				fd = fd*10 + int(digit-'0')
			}
			fds = append(fds, fd)
		}
		return fds
	}
	for fd := 3; fd < 256; fd++ {
		fds = append(fds, fd)
	}
	return fds
}
