package destination

import (
	"bytes"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// LogFile is a file that is rotated.
type LogFile struct {
	Path     string        // absolute
	Size     int64         // bytes; rotate before the file becomes larger; 0: never because of the size
	Age      time.Duration // rotate at the first line after this time; 0: never because of the age
	Keep     int           // how many rotated files to keep; 0: none
	Compress bool          // compress rotated files with gzip
	Mode     uint32        // permissions of a new file
	User     string        // owner of a new file, see Options.Owner; "": our user
	Group    string        // the same for its group
}

// File is a file. It is opened with the first line, made anew when it has become too
// large or too old, and closed by Reopen. A rotated file gets the time in UTC behind its
// name, so that the names of old files never change:
//
//	web.log.20260102T030405.123456789Z     web.log.20260102T030405.123456789Z.gz
type File struct {
	LogFile
	set *Set

	fd      int   // -1: not open
	size    int64 // of what is in it
	full    int64 // the size at which it is rotated; 0: never for that
	born    time.Time
	regular bool  // it can be rotated
	pipe    bool  // it is a FIFO
	inside  bool  // a line of it has no end yet: it is not rotated now
	beyond  int64 // it could not be rotated, which was said: how much larger it may become until the next try

	reopen atomic.Bool // it is to be closed, and opened again with the next line

	latest  time.Time // the time in the name of the file that was rotated last
	ahead   bool      // it was said that there are names with a time to come
	trouble trouble
}

// File returns the destination of a file. It does nothing else.
func (s *Set) File(f LogFile) *File { return &File{LogFile: f, set: s, fd: -1} }

// FD is the descriptor of the open file.
func (f *File) FD() int { return f.fd }

// Reopen asks to close the file; the next line opens it again by its name. Any goroutine
// may call it. The file is closed by CloseIfAsked, or by the next Write.
func (f *File) Reopen() { f.reopen.Store(true) }

// Write writes as much as the file may still hold, in whole lines.
func (f *File) Write(p []byte) (int, error) {
	if !f.inside {
		f.CloseIfAsked()
	}
	if f.fd < 0 {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	n := f.fits(p)
	for tries := 0; ; tries++ {
		if n == 0 {
			if err := f.rotate(); err != nil {
				return 0, err
			}
			n = max(f.fits(p), firstLine(p))
		}
		written, err := f.put(p[:n])
		if written > 0 {
			f.size += int64(written)
			f.inside = p[written-1] != '\n'
			return written, nil
		}
		if err != unix.EFBIG || f.size == 0 || tries > 0 {
			return 0, err
		}
		n = 0
	}
}

// put writes to the file. Where that meets a limit on the size of files (RLIMIT_FSIZE,
// which may have become lower since open; the file system's own), the beginning of a line that
// went in is taken back, so that the line can be written whole elsewhere. EAGAIN is a FIFO that is
// full, which the caller waits for.
func (f *File) put(p []byte) (int, error) {
	n, err := write(f.fd, p)
	if !f.regular || err != nil || n == len(p) {
		return n, err
	}
	more, err := write(f.fd, p[n:])
	n += more
	whole := bytes.LastIndexByte(p[:n], '\n') + 1
	if err != unix.EFBIG || whole == n || whole == 0 && (f.inside || f.size == 0) {
		return n, err
	}
	var s unix.Stat_t
	if unix.Fstat(f.fd, &s) == nil && s.Size == f.size+int64(n) && unix.Ftruncate(f.fd, f.size+int64(whole)) == nil {
		n = whole
	}
	return n, err
}

// fits is how much of p may be written before the file is rotated: 0 when that
// is now.
func (f *File) fits(p []byte) int {
	line, most := firstLine(p), f.full+f.beyond
	switch {
	case f.pipe:
		return portion(f.fd, p, f.set.Ending)
	case !f.regular:
		return len(p)
	case f.inside:
		return line
	case f.size > 0 && f.Age > 0 && f.set.now().Sub(f.born) >= f.Age:
		return 0
	case f.full == 0 || f.size+int64(len(p)) <= most:
		return len(p)
	case f.size == 0 && int64(line) >= f.full:
		return line // longer than a whole file may be
	}
	return bytes.LastIndexByte(p[:max(0, most-f.size)], '\n') + 1
}

// firstLine is the length of the first line of p, or of all of it.
func firstLine(p []byte) int {
	if line := bytes.IndexByte(p, '\n') + 1; line > 0 {
		return line
	}
	return len(p)
}

// open opens the file, or makes it, with the directories that lead to it.
func (f *File) open() error {
	place, err := paths.Make(f.Path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer place.Close()
	return f.openAt(place)
}

// openAt opens the file in its directory, or makes it there. A FIFO without a reader is an
// error (ENXIO, fifo(7)); openAt does not wait for one.
func (f *File) openAt(place *paths.Place) error {
	var fd int
	var s unix.Stat_t
	var err error
	made := false
	place.Owner = f.owner()
	for range 3 { // another process may make or remove it between the two
		if fd, s, err = place.Open(unix.O_WRONLY | unix.O_APPEND); err != unix.ENOENT {
			break
		}
		if fd, err = place.Create(unix.O_WRONLY|unix.O_APPEND, f.Mode); err == nil {
			made = true
			f.own(fd)
			err = unix.Fstat(fd, &s)
		}
		if err != unix.EEXIST {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	f.fd = fd
	f.size, f.regular, f.inside, f.beyond = s.Size, s.Mode&unix.S_IFMT == unix.S_IFREG, false, 0
	f.pipe = s.Mode&unix.S_IFMT == unix.S_IFIFO
	f.full = f.mostBytes()
	f.born = f.birth(fd, made, &s)
	if f.regular && !place.Linked {
		f.prune(place) // what an earlier life has left
	}
	return nil
}

// mostBytes is the size at which the file is rotated; 0: it is not.
func (f *File) mostBytes() int64 {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit)
	if err != nil || limit.Cur > math.MaxInt64 || f.Size > 0 && f.Size < int64(limit.Cur) {
		return f.Size
	}
	return int64(limit.Cur)
}

// owner is the UID that the file should belong to; -1: none was named.
func (f *File) owner() int {
	if f.User != "" && f.set.Owner != nil {
		if uid, _, err := f.set.Owner(f.User, f.Group); err == nil {
			return uid
		}
	}
	return -1
}

// own gives a new file its mode, whatever our umask, and its owner.
func (f *File) own(fd int) {
	err := unix.Fchmod(fd, f.Mode)
	if err == nil && f.User != "" && f.set.Owner != nil {
		var uid, gid int
		if uid, gid, err = f.set.Owner(f.User, f.Group); err == nil {
			err = unix.Fchown(fd, uid, gid)
		}
	}
	if err != nil {
		f.set.Say("cannot give " + f.Path + " its mode and owner: " + err.Error() + "; sexton writes to it anyway")
	}
}

// birth is when the file was made: as the file system says, or else when it was
// last written.
func (f *File) birth(fd int, made bool, s *unix.Stat_t) time.Time {
	var x unix.Statx_t
	switch {
	case made:
		return f.set.now()
	case unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &x) == nil && x.Mask&unix.STATX_BTIME != 0:
		return time.Unix(x.Btime.Sec, int64(x.Btime.Nsec))
	}
	return time.Unix(s.Mtim.Unix())
}

// CloseIfAsked closes the file if Reopen wants it.
func (f *File) CloseIfAsked() {
	if f.reopen.Swap(false) {
		f.shut()
	}
}

// shut closes the file.
func (f *File) shut() {
	if f.fd >= 0 {
		_ = unix.Close(f.fd)
		f.fd = -1
	}
}
