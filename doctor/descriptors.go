package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"

	"sexton/kernel"
)

// descriptors looks at 0, 1 and 2.
func (e *examination) descriptors() {
	for fd, name := range []string{"stdin", "stdout", "stderr"} {
		e.descriptor(fd, name)
	}
	switch {
	case kernel.IsTerminal(0) && kernel.IsTerminal(1):
		size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
		if err != nil {
			size = &unix.Winsize{}
		}
		e.addf("terminal", Verified, "", "there is one, %d by %d: main gets it, or the service with tty = true", size.Col, size.Row)
	default:
		e.add("terminal", NotTried, "there is none (docker run -it gives one, or tty and stdin in a pod)", "")
	}
}

func (e *examination) descriptor(fd int, name string) {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		if fd == 0 {
			e.add(name, Note, "it is closed", "")
			return
		}
		e.add(name, Failed, "it is closed: the output of the services is lost", "give the container one")
		return
	}
	text, mend, verdict := kindOf(fd, &info), "", Verified
	if text == null && fd > 0 { // Go's runtime opens it instead of a closed descriptor
		text, verdict, mend = null+", or it was closed: output there is lost", Failed, "give the container one"
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_NONBLOCK != 0 {
		text += ", non-blocking"
	}
	if err == nil && fd > 0 && flags&unix.O_ACCMODE == unix.O_RDONLY {
		text, verdict, mend = text+", and cannot be written to", Failed, "give the container one that can"
	}
	e.add(name, verdict, text, mend)
}

const null = "/dev/null"

func kindOf(fd int, info *unix.Stat_t) string {
	switch info.Mode & unix.S_IFMT {
	case unix.S_IFIFO:
		if size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0); err == nil {
			return fmt.Sprintf("a pipe that holds %d KiB", size>>10)
		}
		return "a pipe"
	case unix.S_IFREG:
		return "a file"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR:
		if kernel.IsTerminal(fd) {
			return "a terminal"
		}
		if unix.Major(info.Rdev) == 1 && unix.Minor(info.Rdev) == 3 { // null(4)
			return null
		}
		return "a device"
	case unix.S_IFDIR:
		return "a directory"
	}
	return "something unknown"
}
