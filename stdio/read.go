package stdio

import (
	"golang.org/x/sys/unix"

	"sexton/stdio/framing"
)

// readRun reads what belongs to one run, into space at most. When the next run begins
// with the next byte, it reads nothing and says so.
func (s *stream) readRun(space []byte) (n int, next bool, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if len(s.starts) > 0 {
		left := s.starts[0].at - s.taken
		switch {
		case left <= 0 && s.starts[0].waits:
			return 0, false, unix.EAGAIN
		case left <= 0:
			return 0, true, nil
		}
		space = space[:min(left, int64(len(space)))]
	}
	n, err = s.read(space)
	s.taken += int64(max(n, 0))
	return n, false, err
}

// read reads from the pipe or terminal. A terminal answers EIO when no process has the
// other side any more. It answers so too early when the last bytes and the last close
// come between its check for bytes and its check for the close (n_tty_read in
// drivers/tty/n_tty.c). After the close nothing more can come, so the second EIO is true.
func (s *stream) read(p []byte) (int, error) {
	n, err := unix.Read(s.fd, p)
	if s.terminal && err == unix.EIO {
		n, err = unix.Read(s.fd, p)
	}
	return n, err
}

// unread is how much can be read from the stream. The kernel tells only a part of it for a
// terminal, so at the very end, with last, the bytes are taken out and counted: they will
// not be read any more. Never waits.
func (s *stream) unread(last bool) int64 {
	n, _ := unix.IoctlGetInt(s.fd, unix.TIOCINQ)
	if !s.terminal || !last {
		return int64(n)
	}
	var buffer [4096]byte
	taken := 0
	for taken < mostInTerminal {
		n, err := s.read(buffer[:])
		if n <= 0 || err != nil {
			break
		}
		taken += n
	}
	return int64(taken)
}

// mostInTerminal is more than the kernel keeps of what was written to a terminal
// and not read: 64 KiB and a little (drivers/tty/tty_buffer.c). A program that
// goes on writing must not hold us up.
const mostInTerminal = 128 << 10

// written is how much was written to the pipe or terminal so far, at least.
func (s *stream) written() int64 {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.terminal { // of which only a part can be asked for
		return s.taken + mostInTerminal
	}
	return s.taken + s.unread(false)
}

// space is where to read to: behind the stream's tail, which is copied to the front of
// in, or, when it is long, where the tail is: a line of 16 MiB is not copied with each read.
func (s *stream) space(in []byte) []byte {
	n := len(s.tail)
	if n > framing.DefaultMaxLine {
		if cap(s.tail)-n < readBytes {
			s.tail = append(make([]byte, 0, 2*cap(s.tail)+readBytes), s.tail...)
		}
		return s.tail[n : n+readBytes]
	}
	copy(in, s.tail)
	return in[n : n+readBytes]
}

// withTail is the stream's tail with n bytes more that were read into space.
func (s *stream) withTail(in []byte, n int) []byte {
	if len(s.tail) > framing.DefaultMaxLine {
		return s.tail[:len(s.tail)+n]
	}
	return in[:len(s.tail)+n]
}

// keepTail is the largest buffer that a stream keeps for the tail of its next
// line when it has none at present.
const keepTail = 256

// keep remembers the beginning of a line: rest, the end of data.
func (s *stream) keep(data, rest []byte) {
	if len(rest) == len(data) && len(s.tail) > framing.DefaultMaxLine {
		s.tail = data // it is there already
		return
	}
	if cap(s.tail) > keepTail && len(rest) < cap(s.tail)/4 {
		s.tail = nil
	}
	s.tail = append(s.tail[:0], rest...)
}
