package paths

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// vet refuses what another user may have put in the place of a file in a shared
// directory. fd is open, and s is its result of fstat(2).
func (p *Place) vet(fd int, s *unix.Stat_t, toWrite bool) error {
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFIFO:
		if !p.FIFO {
			return p.refuse("it is a FIFO")
		}
	default:
		return p.refuse("it is not a regular file")
	}
	if toWrite {
		if err := p.VetOwner(s); err != nil {
			return err
		}
	}
	return p.OneName(fd, s)
}

// Ours tells whether a name in the directory may be a file of ours: in a shared directory, only a
// regular file of a trusted user; elsewhere, any file.
func (p *Place) Ours(name string) bool {
	if p.Shared == nil {
		return true
	}
	var s unix.Stat_t
	return p.At(name).Stat(&s) == nil && s.Mode&unix.S_IFMT == unix.S_IFREG && p.VetOwner(&s) == nil
}

// VetOwner refuses a file if its owner may not read what we write there.
func (p *Place) VetOwner(s *unix.Stat_t) error {
	var dir unix.Stat_t
	if err := unix.Fstat(p.Dir, &dir); err != nil {
		return err
	}
	if owner := int(s.Uid); owner != 0 && owner != p.us && owner != p.Owner && s.Uid != dir.Uid {
		return p.refuse(fmt.Sprintf("it belongs to UID %d", owner))
	}
	return nil
}

// trap returns Refused for an error of open(2) that another user may have caused in a shared directory: the
// file cannot be opened at once.
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
		why = "it is a running program"
	case unix.EACCES, unix.EPERM:
		why = "it must not be opened"
	}
	if why == "" || p.Shared == nil {
		return err
	}
	return &Refused{Why: why, Shared: *p.Shared, Err: err}
}

// OneName refuses a file with several names: it may be a file of root's. If
// fs.protected_hardlinks is 0, every user may create such a link, and remove it between our open
// and our check of the number of links. So the file must have exactly this name in several
// checks in turn: the link would have to exist at each check of the name, and be gone
// at each check of the number.
func (p *Place) OneName(fd int, s *unix.Stat_t) error {
	for range 8 {
		if s.Nlink != 1 {
			return p.refuse(fmt.Sprintf("it has %d names", s.Nlink))
		}
		p.awaitLinks()
		var named unix.Stat_t
		if p.Stat(&named) != nil || named.Dev != s.Dev || named.Ino != s.Ino || named.Nlink != 1 {
			return p.refuse("it was replaced just now")
		}
		p.awaitLinks()
		if err := unix.Fstat(fd, s); err != nil {
			return err
		}
	}
	return nil
}

// awaitLinks waits until a link(2) or unlink(2) that is under way in the directory has ended.
// In the middle of unlink, the name still exists while the number of links is already lower
// (vfs_unlink in fs/namei.c), for as long as that process gets no processor. Both hold the
// directory's lock, and so does the removal of a name that does not exist.
func (p *Place) awaitLinks() { _ = unix.Unlinkat(p.Dir, ".sexton-not-there", 0) }

func (p *Place) refuse(why string) error {
	return &Refused{Why: why, Shared: *p.Shared}
}

// Others says in words which user besides root and our own can write to a directory; "": none.
//
// An owner can always give itself the permission. An access control list shows in the
// group's permissions, which are its mask (acl(5)).
func Others(s *unix.Stat_t, us int) string {
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
