package kernel

import (
	"golang.org/x/sys/unix"

	"sexton/proc"
)

// FindTerminal looks for a terminal that we may give to a child: our controlling
// terminal, if our process group is in its foreground. After a start in the background it
// finds none, so we take the terminal from no other process. ok is false if there is none; that is no error.
//
// Usually descriptor 0, 1 or 2 is that terminal. Even if all of them
// are redirected, the command may use the terminal, to ask for a password for example,
// through /dev/tty (tty(4)).
func (*Linux) FindTerminal() (t proc.Terminal, ok bool) {
	for fd := 0; fd <= 2; fd++ {
		if t, ok := inFront(fd); ok {
			return t, true
		}
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return proc.Terminal{}, false
	}
	if t, ok = inFront(fd); !ok {
		unix.Close(fd)
	}
	return t, ok
}

// inFront reports whether fd is our controlling terminal and our group is in its foreground.
// TIOCGPGRP fails with ENOTTY for any other terminal, except for the emulator's side of a
// pseudo-terminal (ioctl_tty(2)).
func inFront(fd int) (proc.Terminal, bool) {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil || group == 0 || group != unix.Getpgrp() { // 0: a group outside of our PID namespace
		return proc.Terminal{}, false
	}
	modes, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		modes = nil
	}
	return proc.Terminal{FD: fd, Group: group, Modes: modes}, true
}

// OnTerminal reports whether our session has a controlling terminal, whichever group is in its
// foreground.
func (*Linux) OnTerminal() bool {
	for fd := 0; fd <= 2; fd++ {
		if IsOurTerminal(fd) {
			return true
		}
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// IsOurTerminal reports whether fd is the controlling terminal of our session. For the
// emulator's side of a pseudo-terminal TIOCGSID returns the session on the other side
// (ioctl_tty(2)). Both numbers are 0 if the session comes from outside of our PID namespace.
func IsOurTerminal(fd int) bool {
	theirs, err := unix.IoctlGetInt(fd, unix.TIOCGSID)
	if err != nil {
		return false
	}
	ours, err := unix.Getsid(0)
	return err == nil && theirs == ours
}

// GiveUpTerminal gives up the terminal, so that a child can take it for
// its own session (proc.Command.TakeTerminal), and reports whether it did. Only the leader of the session
// can free its terminal (ioctl_tty(2), TIOCNOTTY). If we are not
// the leader, nothing happens: the terminal belongs to a shell, and the child's
// session has no terminal.
//
// The kernel sends HUP and CONT to the foreground group, which is ours; Wait
// does not return these two.
func (*Linux) GiveUpTerminal(t proc.Terminal) bool {
	if session, err := unix.Getsid(0); err != nil || session != unix.Getpid() {
		return false
	}
	return unix.IoctlSetInt(t.FD, unix.TIOCNOTTY, 0) == nil
}

// GiveTerminal puts a child's group into the foreground if our own group is there, and reports whether
// it did. A shell that had the terminal may have put us there (fg).
func (*Linux) GiveTerminal(t proc.Terminal, child proc.PID) bool {
	front, err := unix.IoctlGetInt(t.FD, unix.TIOCGPGRP)
	return err == nil && front == t.Group && unix.IoctlSetPointerInt(t.FD, unix.TIOCSPGRP, int(child)) == nil
}

// HoldsTerminal reports whether we still hold the terminal, after we gave it
// to holder's group (0: to none). A shell that sees us stopped takes the terminal, and only that shell may
// put us into the foreground again. If we lead the session, we always hold the terminal, since
// every process of the session descends from us. An empty foreground group
// does not hold the terminal either.
func (*Linux) HoldsTerminal(t proc.Terminal, holder proc.PID) bool {
	front, err := unix.IoctlGetInt(t.FD, unix.TIOCGPGRP)
	if err != nil || front == t.Group || front == int(holder) {
		return true // after an error the terminal belongs to another session, and nothing can be taken from that
	}
	if session, err := unix.Getsid(0); err == nil && session == unix.Getpid() {
		return true
	}
	return front > 0 && unix.Kill(-front, 0) == unix.ESRCH
}

// TakeBack makes our group the foreground group again and restores the modes
// that the terminal had when we were started, if we hold the terminal. It ignores
// errors: the terminal may be gone.
func (k *Linux) TakeBack(t proc.Terminal, holder proc.PID) {
	if !k.HoldsTerminal(t, holder) {
		return
	}
	var block, before unix.Sigset_t
	block.Val[0] = proc.TTOU.Bit()
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before)
	_ = unix.IoctlSetPointerInt(t.FD, unix.TIOCSPGRP, t.Group)
	if modes, _ := t.Modes.(*unix.Termios); modes != nil {
		_ = unix.IoctlSetTermios(t.FD, unix.TCSETS, modes)
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
}

// IsTerminal reports whether fd is a terminal.
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
