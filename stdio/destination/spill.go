package destination

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// Spill keeps lines on disk in the order in which they came: in a file without a name
// that is written round and round. The file exists as long as something is in it.
//
// The disk is waited for: one that hangs holds up the caller.
type Spill struct {
	dir   string
	limit int64 // of the file, in bytes

	fd    int // -1: there is nothing in it
	index []stretch
	next  int64 // where to write
}

// stretch is a part of the file: what one Get takes out.
type stretch struct {
	at     int64
	length int
}

// NewSpill returns a Spill of at most limit bytes in a directory. It does nothing else.
func NewSpill(dir string, limit int64) *Spill { return &Spill{dir: dir, limit: limit, fd: -1} }

// Put writes lines behind the others. If they have no room, it drops the oldest stretches, and returns
// how many. The lines join the newest stretch if that then has at most most bytes
// and stands right before them in the file. An error means that the lines were not taken;
// dropped is right even then.
func (p *Spill) Put(lines []byte, most int) (dropped int, joined bool, err error) {
	n := int64(len(lines))
	if n > p.limit {
		return 0, false, fmt.Errorf("a line of %d bytes is longer than the file may be", n)
	}
	if p.fd < 0 {
		if p.fd, err = openUnnamed(p.dir); err != nil {
			return 0, false, err
		}
		p.next = 0
	}
	at := p.next
	if at+n > p.limit {
		at = 0
	}
	dropped = p.makeRoom(at, n)
	for done := 0; done < len(lines); {
		m, err := unix.Pwrite(p.fd, lines[done:], at+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil || m == 0 {
			p.closeIfEmpty()
			return dropped, false, fmt.Errorf("pwrite: %w", err)
		}
		done += m
	}
	p.next = at + n
	if k := len(p.index); k > 0 {
		last := &p.index[k-1]
		if last.at+int64(last.length) == at && last.length+len(lines) <= most {
			last.length += len(lines)
			return dropped, true, nil
		}
	}
	p.index = append(p.index, stretch{at: at, length: len(lines)})
	return dropped, false, nil
}

// makeRoom drops the oldest stretches that n bytes at a place would overwrite. When writing
// begins at the front again, those at the end of the file are older than all others.
func (p *Spill) makeRoom(at, n int64) (dropped int) {
	wrapped := at < p.next
	for len(p.index) > 0 {
		oldest := p.index[0]
		over := oldest.at < at+n && at < oldest.at+int64(oldest.length)
		if !over && !(wrapped && oldest.at >= p.next) {
			break
		}
		p.index = p.index[1:]
		dropped++
	}
	return dropped
}

// Get takes the oldest stretch out. There is one. After an error its lines are lost.
func (p *Spill) Get() (lines []byte, err error) {
	s := p.index[0]
	p.index = p.index[1:]
	lines = make([]byte, s.length)
	for done := 0; done < len(lines); {
		n, err := unix.Pread(p.fd, lines[done:], s.at+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			p.closeIfEmpty()
			return nil, fmt.Errorf("pread: %w", err)
		}
		done += n
	}
	p.closeIfEmpty()
	return lines, nil
}

// closeIfEmpty gives the room on the disk back.
func (p *Spill) closeIfEmpty() {
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
