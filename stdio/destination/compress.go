package destination

import (
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// compressor compresses what was rotated, one file after the other, in one
// goroutine for all logs: a disk that hangs holds up one thread, and compression
// alone. Old files are removed by the files themselves.
type compressor struct {
	mu      sync.Mutex // held for a few instructions only
	waiting []*File
	current *File // nil: no goroutine runs
}

// ask has the rotated files of a log compressed.
func (c *compressor) ask(f *File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.waiting, f) {
		c.waiting = append(c.waiting, f)
	}
	if c.current == nil {
		c.current = f
		go c.work()
	}
}

// busy tells whether files of f are being compressed, or will be.
func (c *compressor) busy(f *File) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current == f || slices.Contains(c.waiting, f)
}

// idle tells whether there is nothing to compress.
func (c *compressor) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current == nil
}

func (c *compressor) work() {
	for {
		c.mu.Lock()
		if c.current = nil; len(c.waiting) == 0 {
			c.mu.Unlock()
			return
		}
		c.current, c.waiting = c.waiting[0], c.waiting[1:]
		f := c.current
		c.mu.Unlock()
		f.compressAll()
	}
}

// compressAll compresses what is there, each file once and no more than are kept: there may be
// any number. It looks again after each one, for what was removed meanwhile need not be compressed.
func (f *File) compressAll() {
	place, err := paths.Find(f.Path)
	if err != nil {
		return // Write reports it
	}
	defer place.Close()
	place.Owner = f.owner()
	done := "" // the stamps up to here
	for range f.Keep {
		next := ""
		_, err := place.Names(func(name string) bool {
			_, rest, ours := stampOf(name, place.Name)
			if ours && rest == "" && name > done && (next == "" || name < next) && !f.trouble.has("compress "+name) {
				next = name
			}
			return false
		})
		if err != nil || next == "" {
			return
		}
		done = next
		var now unix.Stat_t
		if err := compress(place, next); err != nil && place.At(next).Stat(&now) != unix.ENOENT { // else it was removed meanwhile
			f.cannot("compress", next, err)
		}
	}
}

// sparseBytes is the size above which a file must not be a few blocks among holes: a file of
// exabytes costs nothing to make, and us days to read.
const sparseBytes = 64 << 20

// compress compresses a file in a directory. Until it is whole it has another name.
// The new file gets the owner and the permissions of the old one: a user that cannot read
// the original cannot read the copy, whatever file stands under this name.
func compress(place *paths.Place, name string) error {
	old, s, err := place.At(name).Open(unix.O_RDONLY)
	if err != nil {
		return err
	}
	from := plain(old)
	defer func() { _ = unix.Close(old) }()
	switch {
	case s.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is not a regular file")
	case s.Size > sparseBytes && s.Blocks*512 < s.Size/64:
		return errors.New("it is almost all holes")
	}
	part := place.At(name + unpacked)
	if err := part.Remove(); err != nil && err != unix.ENOENT {
		return err
	}
	fd, err := part.Create(unix.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = likewise(fd, &s)
	if err == nil {
		err = squeeze(plain(fd), io.LimitReader(from, s.Size))
	}
	var now unix.Stat_t
	if err == nil && (unix.Fstat(old, &now) != nil || now.Size != s.Size) {
		err = errors.New("a process still writes to it")
	}
	if again := unix.Close(fd); err == nil {
		err = again
	}
	if err == nil {
		err = part.Rename(name + packed)
	}
	if err != nil {
		_ = part.Remove()
		return err
	}
	if err = place.At(name).Remove(); err != nil { // it was too old meanwhile, or is to stay
		_ = place.At(name + packed).Remove()
	}
	return err
}

// likewise gives a new file the owner and the permissions that s tells.
func likewise(fd int, s *unix.Stat_t) error {
	if err := unix.Fchown(fd, int(s.Uid), int(s.Gid)); err != nil {
		return err
	}
	return unix.Fchmod(fd, s.Mode&0o777)
}

// squeeze copies a file and compresses it.
func squeeze(to io.Writer, from io.Reader) error {
	z := gzip.NewWriter(to)
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if _, failed := z.Write(buffer[:n]); failed != nil {
			return failed
		}
		switch {
		case err == io.EOF:
			return z.Close()
		case err != nil:
			return err
		}
		runtime.Gosched() // there is one processor for all of us, and the loop needs it at once
	}
}

// plain reads and writes a regular file. os.File would set up Go's poller,
// which is of no use for one.
type plain int

func (d plain) Read(p []byte) (int, error) {
	n, err := unix.Read(int(d), p)
	switch {
	case err == unix.EINTR:
		return 0, nil
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (d plain) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n, err := write(int(d), p[done:])
		if err != nil && err != unix.EINTR {
			return done, err
		}
		done += n
	}
	return len(p), nil
}
