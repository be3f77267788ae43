package watch

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of one look at one target. Beyond them a file counts with its size and time, and a directory not at all.
const (
	mostDirs  = 1000
	mostFiles = 10_000
	mostRead  = 1 << 20  // of one file
	mostTotal = 64 << 20 // of all of them
	mostLinks = 40       // on the way of one path, as in the kernel
)

// picture is what the files of a target looked like.
type picture map[string]entry

// entry is one file. Stat says whether it must be read again.
type entry struct{ stat, content uint64 }

// differs says in words which files are not the same in another picture; "": all are.
func (p picture) differs(other picture) string {
	var names []string
	for name, e := range other {
		if old, known := p[name]; !known || old.content != e.content {
			names = append(names, name)
		}
	}
	for name := range p {
		if _, known := other[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// look is one look at a target.
type look struct {
	w     *Watcher
	t     *target
	now   picture
	spots map[int32]map[string]bool
	dirs  int
	total int64
}

// look looks at all files of a target, and watches the directories that are there now. A directory is watched before
// it is read, so nothing is missed.
func (w *Watcher) look(t *target) picture {
	t.polled = false
	l := look{w: w, t: t, now: make(picture), spots: make(map[int32]map[string]bool)}
	for _, p := range t.Paths {
		l.path(p)
	}
	w.replace(t, l.spots)
	t.nextLook = time.Now().Add(pollEvery)
	return l.now
}

// path follows one path. Where it goes through a link, or ends, the directory there is watched for that name.
func (l *look) path(name string) {
	at, rest := "/", components(name)
	for links := 0; len(rest) > 0; {
		next := rest[0]
		if rest = rest[1:]; next == ".." {
			at = path.Dir(at)
			continue
		}
		full := path.Join(at, next)
		var s unix.Stat_t
		if err := unix.Lstat(full, &s); err != nil {
			l.watch(at, next)
			l.now[name] = entry{} // it is missing
			return
		}
		switch s.Mode & unix.S_IFMT {
		case unix.S_IFLNK:
			l.watch(at, next)
			target, err := os.Readlink(full)
			if links++; err != nil || links > mostLinks {
				l.now[name] = entry{}
				return
			}
			if rest = append(components(target), rest...); path.IsAbs(target) {
				at = "/"
			}
			if len(rest) == 0 {
				l.tree(at)
			}
		case unix.S_IFDIR:
			if at = full; len(rest) == 0 {
				l.watch(path.Dir(full), next)
				l.tree(full)
			}
		default:
			l.watch(at, next)
			l.file(name, full, &s)
			return
		}
	}
}

func components(name string) (all []string) {
	for c := range strings.SplitSeq(name, "/") {
		if c != "" && c != "." {
			all = append(all, c)
		}
	}
	return all
}

func (l *look) watch(dir, name string) { l.w.add(l.t, dir, l.spots, map[string]bool{name: true}) }

// tree looks at a directory and everything below it. Names that begin with two dots are the kubelet's: a key of a ConfigMap is a
// link through ..data, and counts by what it leads to.
func (l *look) tree(dir string) {
	if l.dirs++; l.dirs > mostDirs {
		l.t.tell(l.w, fmt.Sprintf("%s is not watched: there are more than %d directories", dir, mostDirs))
		return
	}
	l.w.add(l.t, dir, l.spots, nil)
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		l.now[dir] = entry{}
		return
	}
	file := os.NewFile(uintptr(fd), dir)
	names, _ := file.Readdirnames(mostFiles)
	_ = file.Close()
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "..") || temporary(name) {
			continue
		}
		if len(l.now) >= mostFiles {
			l.t.tell(l.w, fmt.Sprintf("not all files in %s are watched: there are more than %d", dir, mostFiles))
			return
		}
		full := path.Join(dir, name)
		var s unix.Stat_t
		if unix.Lstat(full, &s) != nil {
			continue
		}
		if s.Mode&unix.S_IFMT == unix.S_IFDIR {
			l.tree(full)
			continue
		}
		l.file(full, full, &s)
	}
}

// file notes one file. A link counts with its target and the file there, or with which directory is there.
func (l *look) file(name, full string, s *unix.Stat_t) {
	h := fnv.New64a()
	link := ""
	if s.Mode&unix.S_IFMT == unix.S_IFLNK {
		link, _ = os.Readlink(full)
		var behind unix.Stat_t
		if unix.Stat(full, &behind) == nil {
			switch behind.Mode & unix.S_IFMT {
			case unix.S_IFREG:
				s = &behind
			case unix.S_IFDIR:
				link += fmt.Sprint(" ", behind.Dev, behind.Ino)
			}
		}
	}
	note(h, s.Dev, s.Ino, uint64(s.Mode), uint64(s.Uid), uint64(s.Gid), uint64(s.Size), uint64(s.Mtim.Nano()), uint64(s.Ctim.Nano()))
	_, _ = h.Write([]byte(link))
	e := entry{stat: h.Sum64()}
	if old := l.t.seen[name]; old.stat == e.stat {
		l.now[name] = old
		return
	}
	h.Reset()
	note(h, uint64(s.Mode), uint64(s.Uid), uint64(s.Gid))
	_, _ = h.Write([]byte(link))
	if s.Mode&unix.S_IFMT == unix.S_IFREG {
		if s.Size > mostRead || l.total+s.Size > mostTotal || !l.read(h, full) {
			note(h, uint64(s.Size), uint64(s.Mtim.Nano()))
		}
	}
	e.content = h.Sum64()
	l.now[name] = e
}

type hash interface{ Write([]byte) (int, error) }

func note(h hash, numbers ...uint64) {
	var b [8]byte
	for _, n := range numbers {
		binary.NativeEndian.PutUint64(b[:], n)
		_, _ = h.Write(b[:])
	}
}

// read adds the content of a regular file to the hash.
func (l *look) read(h hash, full string) bool {
	fd, err := unix.Open(full, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var s unix.Stat_t
	if unix.Fstat(fd, &s) != nil || s.Mode&unix.S_IFMT != unix.S_IFREG {
		return false
	}
	buffer := make([]byte, 32<<10)
	for read := 0; read <= mostRead; {
		n, err := unix.Read(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return err == nil
		}
		read += n
		l.total += int64(n)
		_, _ = h.Write(buffer[:n])
	}
	return true
}
