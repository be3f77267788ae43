// Package paths opens files by path for a process that is root, or has files of
// its own, where other users can change the directories on the way.
//
// A path is resolved as usual while every directory on the way can be written
// by root or by us alone. From the first directory that another user can write
// to (a shared directory), no link is followed: that user could make the link
// lead to any file of root's. What is done in the end (open, make, rename,
// remove, list) is done relative to the directory that was reached, which is
// held by a descriptor, so that nothing on the way can be exchanged between the
// look and the deed.
//
// No call waits for another process: files are opened with O_NONBLOCK, so that
// neither a FIFO (fifo(7)) nor a lease (fcntl(2), F_SETLEASE) holds us up. A
// file system that hangs does.
package paths

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Place is where a path leads: a directory, and a name in it. The caller closes
// it. Its fields are set by Find and Make, except where they say otherwise.
type Place struct {
	Dir    int     // the directory: an O_PATH descriptor, of use as the first argument of openat and the like
	Name   string  // the last component; nothing needs to be there
	Shared *Shared // the first directory on the way that another user can write to; nil: there is none
	Linked bool    // the path's last component is a link, which was followed; it is in no shared directory

	// FIFO may be set before Open: a FIFO is opened in a shared directory too.
	FIFO bool
	// Owner may be set before Open: the user to whom a file that is written in a
	// shared directory may belong, besides root, us and the directory's owner. -1: nobody.
	Owner int

	at    string // the directory's path
	us    int
	magic bool // Name is a link of /proc, which only the kernel can follow
}

// Shared is a directory that another user can write to.
type Shared struct {
	Dir string // its path, without links
	Who string // can write there, in words: "UID 1000"
}

// Refused is the error for what must not be opened in a shared directory. Its text does not
// repeat the path that was asked for.
type Refused struct {
	Why    string // "it is a symbolic link", or "/data/log is a symbolic link", of a directory on the way
	Shared Shared
	Err    error // the kernel's, if it was that which refused
}

func (r *Refused) Error() string {
	return r.Why + ", and " + r.Shared.Who + " can write to " + r.Shared.Dir
}

func (r *Refused) Unwrap() error { return r.Err }

// Find resolves a path except for its last component, if that is no link. An error is
// an errno of open(2), or Refused.
func Find(path string) (*Place, error) { return find(path, os.Geteuid(), false) }

// Make is Find that makes directories that are missing, with the permissions
// 0755 less the umask.
func Make(path string) (*Place, error) { return find(path, os.Geteuid(), true) }

// Directory is Find for a path to a directory, which is the Place's Dir. Name is ".".
func Directory(path string) (*Place, error) { return find(path+"/.", os.Geteuid(), false) }

// Close gives up the directory.
func (p *Place) Close() {
	if p.Dir >= 0 {
		_ = unix.Close(p.Dir)
		p.Dir = -1
	}
}

const always = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// Open opens the file that is there, non-blocking: flags are O_RDONLY, O_WRONLY
// or O_RDWR, with O_APPEND or O_TRUNC. In a shared directory the file must be a
// regular one with one name and, to be written, belong to somebody trusted (see Owner), or
// the error is Refused; elsewhere it may be anything.
func (p *Place) Open(flags int) (fd int, s unix.Stat_t, err error) {
	how := flags&^unix.O_TRUNC | always
	if p.magic {
		how &^= unix.O_NOFOLLOW
	}
	fd, err = openat(p.Dir, p.Name, how, 0)
	if err != nil {
		return -1, s, p.trap(err)
	}
	if err = unix.Fstat(fd, &s); err == nil && p.Shared != nil {
		err = p.vet(fd, &s, flags&unix.O_ACCMODE != unix.O_RDONLY)
	}
	if err == nil && flags&unix.O_TRUNC != 0 && s.Mode&unix.S_IFMT == unix.S_IFREG {
		err = unix.Ftruncate(fd, 0)
		s.Size = 0
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, s, err
	}
	return fd, s, nil
}

// Create makes a new file there, with the permissions mode less the umask: flags as for
// Open. The error is EEXIST if something is there, a link too.
func (p *Place) Create(flags int, mode uint32) (fd int, err error) {
	return openat(p.Dir, p.Name, flags|always|unix.O_CREAT|unix.O_EXCL, mode)
}

// At is another name in the same directory. It is of use until p is closed, and is not
// closed itself.
func (p *Place) At(name string) *Place {
	other := *p
	other.Name, other.Linked, other.magic = name, false, false
	return &other
}

// Rename gives what is there another name in the same directory, which replaces
// what has that name. A link is renamed itself.
func (p *Place) Rename(to string) error { return unix.Renameat(p.Dir, p.Name, p.Dir, to) }

// Remove removes what is there and is no directory. A link is removed itself.
func (p *Place) Remove() error { return unix.Unlinkat(p.Dir, p.Name, 0) }

// Stat looks at what is there, a link itself.
func (p *Place) Stat(s *unix.Stat_t) error {
	return unix.Fstatat(p.Dir, p.Name, s, unix.AT_SYMLINK_NOFOLLOW)
}

// Names are the names in the directory that want takes, in no order.
func (p *Place) Names(want func(string) bool) (names []string, err error) {
	fd, err := openat(p.Dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), p.at)
	defer dir.Close()
	for {
		some, err := dir.Readdirnames(256)
		for _, name := range some {
			if want(name) {
				names = append(names, name)
			}
		}
		if err == io.EOF {
			return names, nil
		}
		if err != nil {
			return names, err
		}
	}
}

// openat is openat(2). A signal may interrupt it on a slow file system.
func openat(dir int, name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
