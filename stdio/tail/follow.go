package tail

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// followed is what is followed of one service.
type followed struct {
	name     string
	patterns []string
	files    []*file // in the order in which they were found
	said     map[string]bool
}

// file is one file that is followed: an inode, whatever its name.
type file struct {
	dev, ino uint64
	path     string // the last one
	fd       int    // -1: it cannot be opened
	offset   int64  // so much was read
	lines    Lines
	named    bool      // a pattern matches its name
	news     time.Time // when there was something to read, or it lost its name
}

// begin is Begin.
func (f *Follower) begin(name string, patterns []string) {
	if f.watch == nil {
		f.watch = newWatch(&f.options, name)
	}
	s := f.services[name]
	if s == nil {
		s = &followed{name: name, said: make(map[string]bool)}
		f.services[name] = s
	}
	old := s.patterns
	s.patterns = patterns
	f.scan(s, func(pattern string) bool { return !slices.Contains(old, pattern) })
}

// forget is Forget.
func (f *Follower) forget(name string) {
	if s := f.services[name]; s != nil {
		for _, one := range s.files {
			one.close()
		}
		delete(f.services, name)
	}
}

// scanAll looks for the files of all services.
func (f *Follower) scanAll() {
	f.stale, f.scanned = false, time.Now()
	for _, s := range f.services {
		f.scan(s, func(string) bool { return false })
	}
}

// scan looks for the files of a service. Those that a new pattern finds count from their
// present end.
func (f *Follower) scan(s *followed, isNew func(pattern string) bool) {
	before := make(map[*file]bool, len(s.files))
	for _, one := range s.files {
		before[one], one.named = one.named, false
	}
	for _, pattern := range s.patterns {
		dir, base := path.Split(pattern)
		f.watch.add(dir)
		for _, name := range f.find(s, dir, base) {
			f.found(s, dir+name, isNew(pattern))
		}
	}
	for _, one := range s.files {
		if before[one] && !one.named {
			one.news = time.Now()
		}
	}
	s.dropRotated()
}

// mostNames is how many names that match one pattern are looked at.
const mostNames = 1000

// find returns the names in a directory that match, in order.
func (f *Follower) find(s *followed, dir, base string) (names []string) {
	if !HasPattern(base) {
		return []string{base}
	}
	place, err := paths.Find(dir + ".")
	if err == nil {
		defer place.Close()
		names, err = place.Names(func(name string) bool {
			matches, _ := path.Match(base, name)
			return matches && (name[0] != '.' || base[0] == '.')
		})
	}
	if err != nil && !errors.Is(err, unix.ENOENT) {
		f.say(s, dir, fmt.Sprintf("cannot look for %s: %v; sexton looks again when the directory changes", dir+base, err))
	}
	slices.Sort(names)
	return names[:min(len(names), mostNames)]
}

// HasPattern tells whether a name stands for more than one file.
func HasPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// found looks at a file that a pattern matches, and begins to follow one that is new.
func (f *Follower) found(s *followed, name string, fromEnd bool) {
	place, err := paths.Find(name)
	var now unix.Stat_t
	if err == nil {
		defer place.Close()
		err = place.Stat(&now)
	}
	if err != nil {
		if !errors.Is(err, unix.ENOENT) {
			f.say(s, name, fmt.Sprintf("cannot follow %s: %v; its lines are missing here", name, err))
		}
		return
	}
	i := slices.IndexFunc(s.files, func(one *file) bool { return one.dev == now.Dev && one.ino == now.Ino })
	if i < 0 {
		if len(s.files) >= MostFiles {
			f.say(s, "", fmt.Sprintf("cannot follow %s: %d files are followed already, and there may be no more; write narrower patterns in log.tail", name, MostFiles))
			return
		}
		s.files = append(s.files, &file{dev: now.Dev, ino: now.Ino, fd: -1})
		i = len(s.files) - 1
		if fromEnd {
			s.files[i].offset = now.Size
		}
	}
	one := s.files[i]
	one.named, one.path = true, name
	if one.fd < 0 {
		f.open(s, one, place)
	}
}

// open opens a file that a pattern matches. Where other users can write to its directory, it
// must be a regular file with one name (paths.Place.Open).
func (f *Follower) open(s *followed, one *file, place *paths.Place) {
	fd, now, err := place.Open(unix.O_RDONLY)
	switch {
	case err != nil:
	case now.Mode&unix.S_IFMT != unix.S_IFREG:
		err = errors.New("it is not a regular file")
	case now.Dev != one.dev || now.Ino != one.ino:
		f.stale = true // it was replaced just now
		_ = unix.Close(fd)
		return
	}
	if err != nil {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		f.say(s, one.path, fmt.Sprintf("cannot follow %s: %v; its lines are missing here until it can be opened", one.path, err))
		return
	}
	one.fd = fd
	if one.lines == nil {
		one.lines = f.options.Lines(s.name)
	}
}

// say reports a failure once for each path.
func (f *Follower) say(s *followed, about, text string) {
	if !s.said[about] && len(s.said) < MostFiles {
		s.said[about] = true
		f.options.Say(s.name, text)
	}
}

func (one *file) close() {
	if one.lines != nil {
		one.lines.End()
	}
	if one.fd >= 0 {
		_ = unix.Close(one.fd)
	}
	one.fd = -1
}

// dropRotated closes the files that no pattern matches any more: those without news for a while,
// and the oldest when there are many.
func (s *followed) dropRotated() {
	rotated := 0
	for _, one := range s.files {
		if !one.named {
			rotated++
		}
	}
	s.files = slices.DeleteFunc(s.files, func(one *file) bool {
		if one.named || one.fd >= 0 && one.unread() > 0 || rotated <= mostRotated && time.Since(one.news) < restAfter && one.fd >= 0 {
			return false
		}
		rotated--
		one.close()
		return true
	})
}

// rotated tells whether a file without its name is still followed, which no directory reports.
func (f *Follower) rotated() bool {
	for _, s := range f.services {
		if slices.ContainsFunc(s.files, func(one *file) bool { return !one.named }) {
			return true
		}
	}
	return false
}

// unread is how much of a file was not read.
func (one *file) unread() int64 {
	var now unix.Stat_t
	if one.fd < 0 || unix.Fstat(one.fd, &now) != nil {
		return 0
	}
	if now.Size < one.offset {
		return now.Size
	}
	return now.Size - one.offset
}

// round looks at directories that have changed, and gives each file its turn. more means that
// there is more to read at once.
func (f *Follower) round() (more bool) {
	due := f.stale && time.Since(f.scanned) >= scanPause
	if !f.watch.reports() || f.rotated() {
		due = due || time.Since(f.scanned) >= f.options.Every
	}
	if due {
		f.scanAll()
	}
	for _, s := range f.services {
		for _, one := range s.files {
			more = f.read(s, one) || more
		}
	}
	return more
}

// read is the turn of one file.
func (f *Follower) read(s *followed, one *file) (more bool) {
	if one.fd < 0 {
		return false
	}
	var now unix.Stat_t
	if unix.Fstat(one.fd, &now) == nil && now.Size < one.offset {
		one.lines.End() // it was truncated: its copy has what it had (logrotate's copytruncate)
		one.offset = 0
	}
	for range readsInTurn {
		if one.lines.Full() {
			return false
		}
		n, err := unix.Pread(one.fd, f.buffer, one.offset)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			f.say(s, "read "+one.path, fmt.Sprintf("cannot read %s: %v; its lines are missing here", one.path, err))
		}
		if n <= 0 {
			return false
		}
		one.offset += int64(n)
		one.news = time.Now()
		one.lines.Put(f.buffer[:n])
	}
	return true
}

const mostRounds = 10_000

// finish reads what there is, and ends the lines of files that were read to their ends.
func (f *Follower) finish() (unread map[string]int64) {
	f.scanAll()
	for range mostRounds { // a file of holes is read for days
		if !f.round() {
			break
		}
	}
	for _, s := range f.services {
		for _, one := range s.files {
			n := one.unread()
			if n == 0 && one.fd >= 0 && !one.lines.Full() {
				one.lines.End()
			}
			if n > 0 {
				if unread == nil {
					unread = make(map[string]int64)
				}
				unread[s.name] += n
			}
		}
	}
	return unread
}
