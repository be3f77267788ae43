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
