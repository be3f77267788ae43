package story

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// OpenTerminal makes a pseudo-terminal: ours is the side of the person, theirs
// that of the program. Both are the caller's to close; theirs no longer matters
// to us once a process has it.
func OpenTerminal() (ours, theirs *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			ours.Close()
		}
	}()
	raw, err := ours.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number int
	var failure error
	err = raw.Control(func(fd uintptr) {
		if failure = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failure == nil {
			number, failure = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return nil, nil, fmt.Errorf("unlock a pseudo-terminal: %w", err)
	}
	// Package os would make it non-blocking, for all who get it from us.
	path := fmt.Sprintf("/dev/pts/%d", number)
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", path, err)
	}
	return ours, os.NewFile(uintptr(fd), path), nil
}

// Resize sets the size of a terminal; the kernel sends WINCH to its foreground
// group.
func Resize(terminal *os.File, rows, columns int) error {
	raw, err := terminal.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		failure = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(columns)})
	})
	if err == nil {
		err = failure
	}
	return err
}
