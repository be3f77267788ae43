package paths

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// mostLinks is how many links one path may contain, as in the kernel
// (path_resolution(7)).
const mostLinks = 40

// walk resolves a path one component at a time: it opens each one without following a
// link, and checks it by its descriptor. This does the same as openat2 with
// RESOLVE_NO_SYMLINKS and RESOLVE_BENEATH. openat2 could take several steps at once, but
// only if nothing needs a check, and the seccomp profiles of older runtimes refuse it.
type walk struct {
	us     int
	make   bool // create missing directories
	dir    int  // where we are: an O_PATH descriptor; -1: nowhere
	at     string
	shared *Shared
	loose  string   // who could write to dir, if its mount were not read-only
	open   *Shared  // dir, if another user can write to it
	sticky bool     // in dir, only root and we can replace what is ours
	traded *Shared  // the first directory in which another user can replace what we went through
	rest   []string // the components to come
	links  int
	linked bool
}

// find resolves the path for the user us.
func find(name string, us int, make bool) (*Place, error) {
	w := &walk{us: us, make: make, dir: -1, rest: components(name)}
	start := "."
	if path.IsAbs(name) {
		start = "/"
	}
	p, err := w.resolve(start)
	if err != nil && w.dir >= 0 {
		_ = unix.Close(w.dir)
	}
	return p, err
}

// components splits a path. A last component that is empty or "." stays as ".": the
// path is that of a directory.
func components(name string) (all []string) {
	for c := range strings.SplitSeq(name, "/") {
		if c != "" && c != "." {
			all = append(all, c)
		}
	}
	if strings.HasSuffix("/"+name, "/") || strings.HasSuffix("/"+name, "/.") {
		all = append(all, ".")
	}
	return all
}

func (w *walk) resolve(start string) (*Place, error) {
	if err := w.begin(start); err != nil {
		return nil, err
	}
	for {
		name, last := w.rest[0], len(w.rest) == 1
		w.rest = w.rest[1:]
		switch {
		case name == "." && last:
			return w.place(name, false), nil
		case name == ".":
			continue
		}
		p, err := w.step(name, last)
		if p != nil || err != nil {
			return p, err
		}
	}
}

// begin starts at the root, or at our own directory.
func (w *walk) begin(start string) error {
	fd, err := openat(unix.AT_FDCWD, start, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return w.enter(fd, start)
}

// step resolves one component. For the last one it returns the place, unless it is a
// link to follow.
func (w *walk) step(name string, last bool) (*Place, error) {
	if name == ".." && w.shared != nil {
		// The directory above may have been moved there just now.
		return nil, w.refuse("..", " leads back")
	}
	if name == ".." && last {
		return nil, unix.EISDIR
	}
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := openat(w.dir, name, flags, 0)
	if err == unix.ENOENT && !last && w.make {
		if err := unix.Mkdirat(w.dir, name, 0o755); err != nil && err != unix.EEXIST {
			return nil, err
		}
		fd, err = openat(w.dir, name, flags, 0)
	}
	if last && err != nil { // it does not exist, or Open will report the error
		return w.place(name, false), nil
	}
	if err != nil {
		return nil, err
	}
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	switch kind := s.Mode & unix.S_IFMT; {
	case kind == unix.S_IFLNK && (!last || w.shared == nil):
		defer unix.Close(fd)
		return w.follow(fd, &s, name, last)
	case last:
		_ = unix.Close(fd)
		return w.place(name, false), nil
	case kind != unix.S_IFDIR:
		_ = unix.Close(fd)
		if w.shared != nil {
			return nil, &Refused{Why: join(w.at, name) + " is not a directory", Shared: *w.shared, Err: unix.ENOTDIR}
		}
		return nil, unix.ENOTDIR
	}
	return nil, w.enter(fd, name)
}

// follow follows a link, unless others can write to its directory.
func (w *walk) follow(fd int, s *unix.Stat_t, name string, last bool) (*Place, error) {
	switch {
	case w.shared != nil:
		return nil, w.refuse(name, " is a symbolic link")
	case w.loose != "" && s.Uid != 0 && int(s.Uid) != w.us:
		w.shared = &Shared{w.at, w.loose + " (if it is not mounted read-only)"}
		return nil, w.refuse(name, fmt.Sprintf(" is a symbolic link that belongs to UID %d", s.Uid))
	}
	if w.links++; w.links > mostLinks {
		return nil, unix.ELOOP
	}
	var f unix.Statfs_t
	if err := unix.Fstatfs(w.dir, &f); err == nil && f.Type == unix.PROC_SUPER_MAGIC {
		return w.magic(name, last)
	}
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err != nil {
		return nil, err
	}
	target := string(buffer[:n])
	if target == "" || n == len(buffer) {
		return nil, unix.ENOENT
	}
	w.linked = w.linked || last
	w.rest = append(components(target), w.rest...)
	if path.IsAbs(target) {
		return nil, w.begin("/")
	}
	return nil, nil
}

// magic follows a link in /proc: it may lead to a file without a path, such as the pipe
// behind /proc/self/fd/1.
func (w *walk) magic(name string, last bool) (*Place, error) {
	if last {
		w.linked = true
		return w.place(name, true), nil
	}
	fd, err := openat(w.dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return nil, w.enter(fd, name)
}

// enter continues in the directory fd, and takes over the descriptor.
func (w *walk) enter(fd int, name string) error {
	if w.dir >= 0 {
		_ = unix.Close(w.dir)
	}
	w.dir, w.at = fd, join(w.at, name)
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return err
	}
	trusted := s.Uid == 0 || int(s.Uid) == w.us
	if w.traded == nil && !(trusted && w.sticky) {
		w.traded = w.open
	}
	w.open, w.sticky = nil, trusted && s.Mode&unix.S_ISVTX != 0
	if w.loose = Others(&s, w.us); w.loose == "" {
		return nil
	}
	// A volume made from a ConfigMap or a Secret has mode 0777, contains links, and is
	// mounted read-only. It may be writable in another container of the pod, so only links
	// that belong to root or us are followed there.
	var f unix.Statfs_t
	if err := unix.Fstatfs(fd, &f); err == nil && f.Flags&unix.ST_RDONLY != 0 {
		return nil
	}
	w.open = &Shared{w.at, w.loose}
	if w.shared == nil {
		w.shared = w.open
	}
	return nil
}

// place ends the walk where it is.
func (w *walk) place(name string, magic bool) *Place {
	p := &Place{Dir: w.dir, Name: name, Shared: w.shared, Exposed: cmp.Or(w.traded, w.open), Linked: w.linked, Owner: -1, at: w.at, us: w.us, magic: magic}
	w.dir = -1
	return p
}

func (w *walk) refuse(name, why string) error {
	return &Refused{Why: join(w.at, name) + why, Shared: *w.shared}
}

// join returns the path of a name in a directory.
func join(dir, name string) string {
	switch {
	case path.IsAbs(name) || dir == "" || dir == ".":
		return name
	case name == ".":
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}
