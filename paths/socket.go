package paths

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Socket returns a path with which connect(2) reaches the unix socket at a path, and nothing that another
// user has put in its place or on the way. In a shared directory a descriptor holds the socket, and
// the path leads to it through /proc. There the socket must belong to a trusted user, like a
// file that is written. The caller calls done when it has connected.
//
// Without /proc, it makes the same check and returns the path itself.
func Socket(path string) (held string, done func(), err error) {
	p, err := Find(path)
	if err != nil {
		return "", nil, err
	}
	defer p.Close()
	if p.Shared == nil {
		return path, func() {}, nil
	}
	fd, err := openat(p.Dir, p.Name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	var s unix.Stat_t
	if err = unix.Fstat(fd, &s); err == nil {
		switch s.Mode & unix.S_IFMT {
		case unix.S_IFSOCK:
			err = p.VetOwner(&s)
		case unix.S_IFLNK:
			err = p.refuse("it is a symbolic link")
		default:
			err = p.refuse("it is not a socket")
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return "", nil, err
	}
	held = fmt.Sprintf("/proc/self/fd/%d", fd)
	if unix.Access("/proc/self/fd", unix.F_OK) != nil {
		held = path
	}
	return held, func() { _ = unix.Close(fd) }, nil
}
