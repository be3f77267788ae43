// Package paths opens files by path safely for a process that is root, or has files of
// its own, if other users can change the directories on the way.
//
// A path is resolved as usual while only root or our own user can write to every
// directory on the way. From the first directory on that another user can write to
// (a shared directory), no link is followed: that user could make the link point
// to any file of root's. The final operation (open, create, rename, remove, list) is
// relative to the directory that was reached. A descriptor holds that directory, so
// nothing on the way can be replaced between the check and the operation.
//
// No call waits for another process: files are opened with O_NONBLOCK, so neither a
// FIFO (fifo(7)) nor a lease (fcntl(2), F_SETLEASE) blocks us. A file system that
// hangs does. See DESIGN.md, "Files where others can write".
package paths

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Place is where a path leads: a directory, and a name in it. The caller closes
// it. Find and Make set its fields, unless a field says otherwise.
type Place struct {
	Dir    int     // the directory: an O_PATH descriptor, for openat and similar calls
	Name   string  // the last component; it need not exist
	Shared *Shared // the first directory on the way that another user can write to; nil: none
	Linked bool    // the path's last component is a link, which was followed; it is not in a shared directory

	// Exposed is the first directory on the way in which another user can replace what the path
	// goes through, or Dir, if another user can write to it; nil: none. In a directory like /tmp
	// nobody can replace what belongs to root, so a directory of root's in it is not exposed.
	Exposed *Shared

	// FIFO may be set before Open: then a FIFO in a shared directory is opened too.
	FIFO bool
	// Owner may be set before Open: one more user, besides root, our own and the
	// directory's owner, whose files in a shared directory may be written. -1: none.
	Owner int

	at    string // the directory's path
	us    int
	magic bool // Name is a link in /proc, which only the kernel can follow
}

// Shared is a directory that another user can write to.
type Shared struct {
	Dir string // its path, without links
	Who string // the user who can write there, in words: "UID 1000"
}

// Refused is the error for a file that must not be opened in a shared directory. Its text
// does not repeat the path.
type Refused struct {
	Why    string // "it is a symbolic link", or, for a directory on the way, "/data/log is a symbolic link"
	Shared Shared
	Err    error // the kernel's error, if the kernel refused
}

func (r *Refused) Error() string {
	return r.Why + ", and " + r.Shared.Who + " can write to " + r.Shared.Dir
}

func (r *Refused) Unwrap() error { return r.Err }

// Find resolves a path up to its last component, and also that if it is a link. An error is
// an errno of open(2), or Refused.
func Find(path string) (*Place, error) { return find(path, os.Geteuid(), false) }

// Make is like Find, but creates missing directories, with the permissions 0755
// minus the umask.
func Make(path string) (*Place, error) { return find(path, os.Geteuid(), true) }

// Directory is like Find for the path of a directory, which becomes Dir. Name is ".".
func Directory(path string) (*Place, error) { return find(path+"/.", os.Geteuid(), false) }

// Close closes the directory.
func (p *Place) Close() {
	if p.Dir >= 0 {
		_ = unix.Close(p.Dir)
		p.Dir = -1
	}
}

const always = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY

// Open opens an existing file, non-blocking: flags are O_RDONLY, O_WRONLY or
// O_RDWR, with O_APPEND or O_TRUNC. In a shared directory the file must be a
// regular file with one name and, for writing, belong to a trusted user (see Owner);
// otherwise the error is Refused. Elsewhere it may be any file.
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

// Create creates a new file, with the permissions mode minus the umask: flags as for
// Open. The error is EEXIST if the name exists, even as a link.
func (p *Place) Create(flags int, mode uint32) (fd int, err error) {
	return openat(p.Dir, p.Name, flags|always|unix.O_CREAT|unix.O_EXCL, mode)
}

// At returns another name in the same directory. It is valid until p is closed, and must not
// be closed itself.
func (p *Place) At(name string) *Place {
	other := *p
	other.Name, other.Linked, other.magic = name, false, false
	return &other
}

// Rename renames the file within its directory and replaces a file with the new
// name. A link itself is renamed.
func (p *Place) Rename(to string) error { return unix.Renameat(p.Dir, p.Name, p.Dir, to) }

// Remove removes the file, which is not a directory. A link itself is removed.
func (p *Place) Remove() error { return unix.Unlinkat(p.Dir, p.Name, 0) }

// Stat looks at the file, or at the link itself.
func (p *Place) Stat(s *unix.Stat_t) error {
	return unix.Fstatat(p.Dir, p.Name, s, unix.AT_SYMLINK_NOFOLLOW)
}

// Names returns the names in the directory that want accepts, in no order.
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
