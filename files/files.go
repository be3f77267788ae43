// Package files makes what a service needs on disk before it starts: directories with an owner and a mode, and files
// from templates. sexton may be root, and the user of the service may change the directories meanwhile. So every path goes through
// paths, and below a directory everything is relative to a descriptor, follows no link, and is checked before it is
// changed. See DESIGN.md, "Directories and templates before a start".
package files

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// Owner is whom a file belongs to.
type Owner struct {
	UID, GID int // -1: not said
}

// Nobody says nothing about the owner.
var Nobody = Owner{-1, -1}

// has tells whether a file belongs to the owner already.
func (o Owner) has(s *unix.Stat_t) bool {
	return (o.UID < 0 || int(s.Uid) == o.UID) && (o.GID < 0 || int(s.Gid) == o.GID)
}

func (o Owner) String() string {
	var words []string
	if o.UID >= 0 {
		words = append(words, fmt.Sprintf("UID %d", o.UID))
	}
	if o.GID >= 0 {
		words = append(words, fmt.Sprintf("GID %d", o.GID))
	}
	return strings.Join(words, ", ")
}

// chown gives an open file, perhaps one of O_PATH, to its owner.
func chown(fd int, owner Owner) error {
	return unix.Fchownat(fd, "", owner.UID, owner.GID, unix.AT_EMPTY_PATH)
}

// cannotGive explains a chown that failed.
func cannotGive(path string, owner Owner, err error) error {
	mend := ""
	switch {
	case !errors.Is(err, unix.EPERM):
	case os.Geteuid() != 0:
		mend = fmt.Sprintf("; sexton runs as UID %d: remove the owner, or start the container as root", os.Geteuid())
	default:
		mend = "; this needs the capability CAP_CHOWN, and a file system that lets root change owners"
	}
	return fmt.Errorf("cannot give %s to %v: %w%s", path, owner, err, mend)
}

// vetWay refuses a place below a directory that somebody has made in /tmp, or in another directory where everybody can make
// names, before us: its owner could replace at any time what we make there. user is the one for whom it is made.
func vetWay(p *paths.Place, user int) error {
	if p.Exposed == nil {
		return nil
	}
	fd, err := openat(p.Dir, ".", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	const most = 2048 // a path has no more components
	for range most {
		above, err := openat(fd, "..", unix.O_PATH|unix.O_DIRECTORY)
		if err != nil {
			return err
		}
		var here, there unix.Stat_t
		err = errors.Join(unix.Fstat(fd, &here), unix.Fstat(above, &there))
		_ = unix.Close(fd)
		switch fd = above; {
		case err != nil:
			return err
		case here.Dev == there.Dev && here.Ino == there.Ino: // the root
			return nil
		case there.Mode&unix.S_ISVTX != 0 && there.Mode&unix.S_IWOTH != 0 && here.Uid != 0 && int(here.Uid) != os.Geteuid() && int(here.Uid) != user:
			return &paths.Refused{Why: fmt.Sprintf("UID %d has made a directory on the way", here.Uid), Shared: *p.Exposed}
		}
	}
	return nil
}
