package stdio

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// spill is what a queue has on disk, behind what it has in memory: a file
// without a name that is written round and round. It is there as long as
// there is something in it.
//
// The disk is waited for: one that hangs holds up what services write, though
// never the loop.
type spill struct {
	dir   string
	limit int64

	fd    int // -1: there is nothing in it
	index []spilled
	next  int64 // where to write
	gone  Count // dropped when nothing was left behind which to say it
}

// spilled is a stretch of the file.
type spilled struct {
	at     int64
	length int
	stream *stream // whose lines they are
	Count
	dropped Count // what is missing before it
}

// put writes lines behind the others. What has no room is dropped, the oldest
// first, and returned. An error means that the lines were not taken.
func (p *spill) put(s *stream, lines []byte, c Count) (dropped Count, err error) {
	n := int64(len(lines))
	if n > p.limit {
		return Count{}, fmt.Errorf("a line of %d bytes is longer than the whole file may be", n)
	}
	if p.fd < 0 {
		if p.fd, err = openUnnamed(p.dir); err != nil {
			return Count{}, err
		}
		p.next = 0
	}
	at, wrapped := p.next, false
	if at+n > p.limit {
		at, wrapped = 0, true
	}
	for len(p.index) > 0 {
		oldest := p.index[0]
		if over := oldest.at < at+n && at < oldest.at+int64(oldest.length); !over && !(wrapped && oldest.at >= p.next) {
			break
		}
		p.index = p.index[1:]
		dropped.Add(oldest.Count)
		p.miss(oldest.Count)
		p.miss(oldest.dropped)
	}
	for done := 0; done < len(lines); {
		m, err := unix.Pwrite(p.fd, lines[done:], at+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil || m == 0 {
			p.closeIfEmpty()
			return dropped, fmt.Errorf("pwrite: %w", err)
		}
		done += m
	}
	p.next = at + n
	if n := len(p.index); n > 0 && p.gone == (Count{}) {
		last := &p.index[n-1]
		if last.stream == s && last.at+int64(last.length) == at && last.length+len(lines) <= dropChunkBytes {
			last.length += len(lines)
			last.Count.Add(c)
			return dropped, nil
		}
	}
	p.index = append(p.index, spilled{at: at, length: len(lines), stream: s, Count: c, dropped: p.gone})
	p.gone = Count{}
	return dropped, nil
}

// miss notes what is missing before the oldest, or before what comes next.
func (p *spill) miss(c Count) {
	if len(p.index) > 0 {
		p.index[0].dropped.Add(c)
	} else {
		p.gone.Add(c)
	}
}

// get takes the oldest stretch out. There is one.
func (p *spill) get() (lines []byte, s spilled, err error) {
	s = p.index[0]
	p.index = p.index[1:]
	lines = make([]byte, s.length)
	for done := 0; done < len(lines); {
		n, err := unix.Pread(p.fd, lines[done:], s.at+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			p.closeIfEmpty()
			return nil, s, fmt.Errorf("pread: %w", err)
		}
		done += n
	}
	p.closeIfEmpty()
	return lines, s, nil
}

// closeIfEmpty gives the room on the disk back.
func (p *spill) closeIfEmpty() {
	if len(p.index) == 0 && p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd, p.index = -1, nil
	}
}

var unnamed atomic.Uint32

// openUnnamed makes a file that goes with its descriptor.
func openUnnamed(dir string) (int, error) {
	place, err := paths.Directory(dir)
	if err != nil {
		return -1, fmt.Errorf("cannot make a file in %s: %w", dir, err)
	}
	defer place.Close()
	fd, err := unix.Openat(place.Dir, ".", unix.O_TMPFILE|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return fd, nil
	}
	// Not every file system can (open(2), O_TMPFILE).
	named := place.At(".sexton-spill-" + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(int(unnamed.Add(1))))
	if fd, err = named.Create(unix.O_RDWR, 0o600); err != nil {
		return -1, fmt.Errorf("cannot make a file in %s: %w", dir, err)
	}
	_ = named.Remove()
	return fd, nil
}
