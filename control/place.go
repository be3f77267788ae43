package control

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// Where the socket is, and to which sexton it belongs. The containers of a pod share /dev/shm, perhaps
// the PID namespace and perhaps a volume at /run; every user can write to /dev/shm. The one
// thing that a sexton and a client in the same container share, and no other container has, is
// the mount namespace.

const (
	// UsualSocket is the path if that place is writable.
	UsualSocket = "/run/sexton.sock"

	fallbackDir = "/dev/shm"
)

// Namespace names our mount namespace as the kernel does, "mnt:[4026532198]"
// (namespaces(7)). Without /proc it is the root directory's device and inode, "root:[45-2]";
// a client in the same container sees the same. "": neither can be seen.
func Namespace() string {
	if link, err := os.Readlink("/proc/self/ns/mnt"); err == nil {
		return link
	}
	var s unix.Stat_t
	if unix.Stat("/", &s) != nil {
		return ""
	}
	return fmt.Sprintf("root:[%d-%d]", s.Dev, s.Ino)
}

// fallback is a name that only this container uses, without its ending.
func fallback() string {
	own := strings.TrimSuffix(strings.ReplaceAll(strings.TrimPrefix(Namespace(), "mnt:["), ":[", "-"), "]")
	return fallbackDir + "/sexton-" + own
}

const socketEnd = ".sock"

// Sockets are the paths at which a client looks for the sexton of its container: path, or the
// usual place if path is "", and then the fallback's names.
func Sockets(path string) []string {
	if path == "" {
		path = UsualSocket
	}
	return append([]string{path, fallback() + socketEnd}, others()...)
}

// SomethingAt tells whether there may be a socket at path, or at the usual place if path is "",
// or at the fallback's first name. If not, there is no sexton to ask. It costs a
// start two system calls.
func SomethingAt(path string) bool {
	if path == "" {
		path = UsualSocket
	}
	return unix.Access(path, unix.F_OK) != unix.ENOENT || unix.Access(fallback()+socketEnd, unix.F_OK) == nil
}

// Listened tells whether a program listens at path, or at the usual place if path is "",
// even if we are not allowed to connect: the kernel lists sockets by their paths, including those
// of other mount namespaces (proc_net(5), unix).
func Listened(path string) bool {
	if path == "" {
		path = UsualSocket
	}
	text, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 8 && fields[7] == path && fields[3] == "00010000" { // __SO_ACCEPTCON of net.h
			return true
		}
	}
	return false
}

// ListenedElsewhere tells whether a program listens at the fallback's first name, and the
// socket belongs to root or to the user of the namespace's first process. Any other user may have
// taken the name to keep a sexton from starting.
func ListenedElsewhere() bool {
	path := fallback() + socketEnd
	var file, first unix.Stat_t
	if unix.Lstat(path, &file) != nil || file.Mode&unix.S_IFMT != unix.S_IFSOCK || !Listened(path) {
		return false
	}
	return file.Uid == 0 || unix.Stat("/proc/1", &first) == nil && first.Uid == file.Uid
}

// mostOfOne bounds the names of one owner that a client tries: another user can create
// any number of them, and must not keep a client from the right one.
const mostOfOne = 4

// others are the names that a sexton takes if another program has taken its fallback.
func others() (found []string) {
	place, err := paths.Directory(fallbackDir)
	if err != nil {
		return nil
	}
	defer place.Close()
	prefix := strings.TrimPrefix(fallback(), fallbackDir+"/") + "-"
	names, _ := place.Names(func(name string) bool {
		return strings.HasPrefix(name, prefix) && strings.HasSuffix(name, socketEnd)
	})
	owners := make(map[uint32]int)
	for _, name := range names {
		var s unix.Stat_t
		if place.At(name).Stat(&s) == nil && s.Mode&unix.S_IFMT == unix.S_IFSOCK && owners[s.Uid] < mostOfOne {
			owners[s.Uid]++
			found = append(found, fallbackDir+"/"+name)
		}
	}
	return found
}

// Open listens at path, or at the usual place if path is "". If another program
// listens there, or the usual place is not writable, it listens at this container's own
// name in /dev/shm. note says why the socket is not where people look first, for a
// line of ours; "" for no need to say it. err says for each place why it failed.
func Open(path string, mode fs.FileMode) (s *Server, note string, err error) {
	first := path
	if first == "" {
		first = UsualSocket
	}
	s, err = Listen([]string{first}, mode)
	taken := errors.Is(err, ErrInUse)
	if err == nil || path != "" && !taken {
		return s, "", err
	}
	if taken {
		note = err.Error()
	}
	s, more := listenFallback(mode, &note)
	if more != nil {
		return nil, "", errors.Join(err, more)
	}
	return s, note, nil
}

// listenFallback listens at this container's own name, or, if another user has taken
// that, at a name that cannot be guessed.
func listenFallback(mode fs.FileMode, note *string) (*Server, error) {
	s, err := Listen([]string{fallback() + socketEnd}, mode)
	if !errors.Is(err, ErrInUse) {
		return s, err
	}
	// The runtime seeds this generator from the kernel's (math/rand/v2, "Top-level functions"),
	// and its output does not reveal earlier output.
	s, again := Listen([]string{fmt.Sprintf("%s-%016x%s", fallback(), rand.Uint64(), socketEnd)}, mode)
	if again != nil {
		return nil, errors.Join(err, again)
	}
	if *note != "" {
		*note += "; "
	}
	*note += err.Error()
	return s, nil
}

// protected tells whether only root and our user can remove or replace the socket at a
// place: other users can write to no directory on the way, or its directory is sticky
// (unlink(2), EPERM).
func protected(place *paths.Place) bool {
	if place.Shared == nil {
		return true
	}
	var dir, shared unix.Stat_t
	return unix.Fstat(place.Dir, &dir) == nil && unix.Lstat(place.Shared.Dir, &shared) == nil &&
		dir.Dev == shared.Dev && dir.Ino == shared.Ino && dir.Mode&unix.S_ISVTX != 0 &&
		(dir.Uid == 0 || int(dir.Uid) == os.Geteuid())
}
