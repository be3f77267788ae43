package paths

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// vet refuses what somebody may have put in the place of a file in a shared
// directory. fd is open, and s is what fstat(2) says of it.
func (p *Place) vet(fd int, s *unix.Stat_t, toWrite bool) error {
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFIFO:
		if !p.FIFO {
			return p.refuse("it is a FIFO")
		}
	default:
		return p.refuse("it is no regular file")
	}
	if toWrite {
		if err := p.vetOwner(s); err != nil {
			return err
		}
	}
	return p.oneName(fd, s)
}

// Ours tells whether what has a name in the directory may be a file of ours: anything elsewhere, but in a shared
// directory a regular file of somebody trusted.
func (p *Place) Ours(name string) bool {
	if p.Shared == nil {
		return true
	}
	var s unix.Stat_t
	return p.At(name).Stat(&s) == nil && s.Mode&unix.S_IFMT == unix.S_IFREG && p.vetOwner(&s) == nil
}

// vetOwner refuses what belongs to another user than those who may read what we write there.
func (p *Place) vetOwner(s *unix.Stat_t) error {
	var dir unix.Stat_t
	if err := unix.Fstat(p.Dir, &dir); err != nil {
		return err
	}
	if owner := int(s.Uid); owner != 0 && owner != p.us && owner != p.Owner && s.Uid != dir.Uid {
		return p.refuse(fmt.Sprintf("it belongs to UID %d", owner))
	}
	return nil
}

// trap makes Refused of an error of open(2) that somebody may have caused in a shared directory: what is
// there is no file that can be opened at once.
func (p *Place) trap(err error) error {
	why := ""
	switch err {
	case unix.ELOOP:
		why = "it is a symbolic link"
	case unix.ENXIO:
		why = "it is a FIFO that nobody reads, or a socket"
	case unix.EISDIR:
		why = "it is a directory"
	case unix.EAGAIN:
		why = "a process has a lease on it"
	case unix.ETXTBSY:
		why = "it is a program that runs"
	case unix.EACCES, unix.EPERM:
		why = "it may not be opened"
	}
	if why == "" || p.Shared == nil {
		return err
	}
	return &Refused{Why: why, Shared: *p.Shared, Err: err}
}

// oneName refuses a file with several names: one may be that of a file of
// root's. Where fs.protected_hardlinks is 0, anybody may make such a link, and remove it
// between our open and the look at the number of links. So the file must have its one name here,
// at several looks in turn: the link would have to be there at each look at the name,
// and be gone at each look at the number.
func (p *Place) oneName(fd int, s *unix.Stat_t) error {
	for range 8 {
		if s.Nlink != 1 {
			return p.refuse(fmt.Sprintf("it has %d names", s.Nlink))
		}
		p.settle()
		var named unix.Stat_t
		if p.Stat(&named) != nil || named.Dev != s.Dev || named.Ino != s.Ino || named.Nlink != 1 {
			return p.refuse("it was exchanged just now")
		}
		p.settle()
		if err := unix.Fstat(fd, s); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until a link(2) or unlink(2) in the directory that is under way is at its
// end. In the middle of unlink the name is still found while the number of links is lower already
// (vfs_unlink in fs/namei.c), for as long as that process gets no processor. Both hold the lock of the
// directory, and so does the removal of a name that is not there.
func (p *Place) settle() { _ = unix.Unlinkat(p.Dir, ".sexton-not-there", 0) }

func (p *Place) refuse(why string) error {
	return &Refused{Why: why, Shared: *p.Shared}
}

// others tells in words who but root and we can write to a directory; "": nobody.
//
// An owner can always give himself the permission. An access control list is seen in
// the group's permissions, which are its mask then (acl(5)).
func others(s *unix.Stat_t, us int) string {
	switch {
	case s.Uid != 0 && int(s.Uid) != us:
		return fmt.Sprintf("UID %d", s.Uid)
	case s.Mode&unix.S_IWOTH != 0:
		return "everybody"
	case s.Mode&unix.S_IWGRP != 0:
		return fmt.Sprintf("group %d", s.Gid)
	}
	return ""
}
