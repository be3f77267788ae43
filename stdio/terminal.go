package stdio

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// terminal makes a pseudo-terminal for one run and the stream that reads what is
// written there. It returns the service's side, which is one for 0, 1 and 2.
//
// The two sides are two open files: ours is non-blocking and theirs is not. Reading ours
// gives EIO when no process has theirs any more (pty(7)). A child of another service that
// has a copy at the moment of its start only delays that.
func (m *Mux) terminal(o *Source, p *Pipes) (int, error) {
	m.mu.Lock()
	_, tooMany, err := m.accountOf(o.Service, Stdout).share(o, p, mostTerminals)
	m.mu.Unlock()
	if tooMany {
		return -1, err
	}
	ours, err := openPTMX()
	if err != nil {
		return -1, err
	}
	theirs, err := m.otherSide(ours)
	if err != nil {
		_ = unix.Close(ours)
		return -1, err
	}
	s := m.newStream(o, Stdout, ours)
	s.terminal = true
	m.Resize()
	if err := m.register(o, p, Stdout, s); err != nil {
		closeBoth([2]int{ours, theirs})
		return -1, err
	}
	return theirs, nil
}

// openPTMX makes the pair. Some containers have no link to the device, but only
// the device itself, in the file system of the terminals.
func openPTMX() (int, error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC | unix.O_NONBLOCK
	path := "/dev/ptmx"
	fd, err := unix.Open(path, flags, 0)
	if err == unix.ENOENT {
		if other, again := unix.Open("/dev/pts/ptmx", flags, 0); again == nil {
			return other, nil
		}
	}
	if err != nil {
		return -1, fmt.Errorf("open %s: %w; %s", path, err, ptmxMend(err))
	}
	return fd, nil
}

func ptmxMend(err error) string {
	switch err {
	case unix.ENOENT, unix.ENXIO, unix.ENODEV, unix.ENOTDIR:
		return `mount a devpts at /dev/pts with a link to it at /dev/ptmx, or remove tty = "pty"`
	case unix.EMFILE:
		return "too many descriptors are open: raise the limit (ulimit -n)"
	case unix.ENFILE:
		return "the machine has too many files open (sysctl fs.file-max)"
	case unix.ENOSPC:
		return "the limit of terminals is reached: raise sysctl kernel.pty.max, or the max= that /dev/pts is mounted with"
	case unix.EACCES, unix.EPERM:
		return "sexton's user is not allowed to: mount /dev/pts with ptmxmode=0666"
	}
	return `remove tty = "pty" where no terminal can be made`
}

// otherSide opens the service's side, and makes it such that what comes out is
// what was written: no echo, no carriage returns.
func (m *Mux) otherSide(ours int) (int, error) {
	if err := unix.IoctlSetPointerInt(ours, unix.TIOCSPTLCK, 0); err != nil {
		return -1, fmt.Errorf("TIOCSPTLCK: %w", err)
	}
	theirs, err := openPeer(ours)
	if err != nil {
		return -1, err
	}
	modes, err := unix.IoctlGetTermios(theirs, unix.TCGETS)
	if err == nil {
		modes.Oflag &^= unix.OPOST | unix.ONLCR
		modes.Lflag &^= unix.ECHO | unix.ECHOE | unix.ECHOK | unix.ECHONL | unix.ECHOCTL | unix.ECHOKE
		err = unix.IoctlSetTermios(theirs, unix.TCSETS, modes)
	}
	if err != nil {
		_ = unix.Close(theirs)
		return -1, fmt.Errorf("cannot set its modes: %w", err)
	}
	return theirs, nil
}

const peerFlags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC

// openPeer opens the service's side. TIOCGPTPEER needs no path, but Linux 4.13
// (ioctl_tty(2)) or an emulator that knows it.
func openPeer(ours int) (int, error) {
	theirs, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(ours), unix.TIOCGPTPEER, peerFlags)
	if errno != 0 {
		return openPeerByName(ours)
	}
	return int(theirs), nil
}

func openPeerByName(ours int) (int, error) {
	n, err := unix.IoctlGetInt(ours, unix.TIOCGPTN)
	if err != nil {
		return -1, fmt.Errorf("TIOCGPTN: %w", err)
	}
	path := fmt.Sprintf("/dev/pts/%d", n)
	fd, err := unix.Open(path, peerFlags, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w; %s", path, err, ptmxMend(err))
	}
	return fd, nil
}

// Resize gives the terminals that we made the size that ours has by now, if that
// has changed; the kernel tells who is in front there by WINCH. Never waits.
//
// It is called when we hear of a change. Where a service has our terminal the
// kernel tells that one alone, so we look as well whenever something was written
// to a terminal that we made.
func (m *Mux) Resize() {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := m.windowSize()
	if size == m.window {
		return // a program may have given its terminal another
	}
	m.window = size
	for _, s := range m.open {
		if s.terminal {
			_ = unix.IoctlSetWinsize(s.fd, unix.TIOCSWINSZ, &size)
		}
	}
}

// windowSize is the size of the terminal that we have, as it is now; where there
// is none, or one that does not know its size, what it was, and 80 by 24 at first.
func (m *Mux) windowSize() unix.Winsize {
	for _, fd := range []int{m.options.Out, m.options.Err, 0} {
		if size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil && size.Row > 0 && size.Col > 0 {
			return *size
		}
	}
	if m.window.Row > 0 {
		return m.window
	}
	return unix.Winsize{Row: 24, Col: 80}
}
