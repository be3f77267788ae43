package kernel

import (
	"golang.org/x/sys/unix"

	"sexton/proc"
)

// FindTerminal looks for a terminal that is ours to give away: our controlling
// terminal, in whose foreground our process group is. A start in the background
// finds nothing, so it steals nothing. ok is false where there is none; that is no error.
//
// One of the descriptors 0, 1 and 2 is that terminal as a rule. Where all of them
// go elsewhere the command may ask there all the same, for a password for example,
// and /dev/tty leads there (tty(4)).
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

// inFront tells whether fd is our controlling terminal, and we are in front there.
// TIOCGPGRP fails with ENOTTY for any other, but not for the side of a
// pseudo-terminal that an emulator has (ioctl_tty(2)).
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

// OnTerminal tells whether our session has a controlling terminal, whoever is in front
// there.
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

// IsOurTerminal tells whether fd is the controlling terminal of our session. Of the
// emulator's side of a pseudo-terminal TIOCGSID tells the other side's session
// (ioctl_tty(2)); both are 0 where a session comes from outside of our PID namespace.
func IsOurTerminal(fd int) bool {
	theirs, err := unix.IoctlGetInt(fd, unix.TIOCGSID)
	if err != nil {
		return false
	}
	ours, err := unix.Getsid(0)
	return err == nil && theirs == ours
}

// GiveUpTerminal lets go of the terminal, so that a session of a child's own can
// take it (proc.Command.TakeTerminal), and tells whether it can: only when its session's leader
// gives it up is a terminal free (ioctl_tty(2), TIOCNOTTY). Where we are not
// that leader nothing is done: the terminal is a shell's, and the child's
// session does without one.
//
// The kernel tells the foreground group, which is ours, by HUP and CONT; Wait
// keeps those two to itself.
func (*Linux) GiveUpTerminal(t proc.Terminal) bool {
	if session, err := unix.Getsid(0); err != nil || session != unix.Getpid() {
		return false
	}
	return unix.IoctlSetInt(t.FD, unix.TIOCNOTTY, 0) == nil
}

// GiveTerminal puts a child's group in front if our own is there, and tells whether
// it did. The shell that had the terminal has brought us there (fg).
func (*Linux) GiveTerminal(t proc.Terminal, child proc.PID) bool {
	front, err := unix.IoctlGetInt(t.FD, unix.TIOCGPGRP)
	return err == nil && front == t.Group && unix.IoctlSetPointerInt(t.FD, unix.TIOCSPGRP, int(child)) == nil
}

// HoldsTerminal tells whether nobody has taken the terminal since we gave it
// to holder's group, 0 for nobody: a shell that has seen us stopped has it again, and whether we
// are in front once more is for that shell to say. The leader of the session
// cannot lose it like that; everybody in the session descends from him. Nor does
// a group count in which nobody is left.
func (*Linux) HoldsTerminal(t proc.Terminal, holder proc.PID) bool {
	front, err := unix.IoctlGetInt(t.FD, unix.TIOCGPGRP)
	if err != nil || front == t.Group || front == int(holder) {
		return true // on an error it is another session's, and cannot be taken from it
	}
	if session, err := unix.Getsid(0); err == nil && session == unix.Getpid() {
		return true
	}
	return front > 0 && unix.Kill(-front, 0) == unix.ESRCH
}

// TakeBack makes our group the foreground group again and restores the modes
// that the terminal had when we were started, if we hold it. Nothing that fails here matters
// to anyone: the terminal may be gone.
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

// IsTerminal tells whether fd is any terminal.
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
