package probe

import (
	"bytes"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// tailBytes is how much of an attempt's output is kept: its end.
	tailBytes = 4 << 10
	// burstBytes is how much is read at once. A probe that writes more than that in a
	// millisecond has to wait, so that a flood of output does not keep us busy.
	burstBytes = 16 << 10
	// restBytes is how much is read after the end of the attempt: the capacity of a pipe
	// (pipe(7)), and not what another process may go on to write.
	restBytes = 64 << 10
)

// Output reads what one attempt of an exec probe writes, and keeps the end of it. It reads
// all the time: a program whose pipe is full would wait, and the probe would never end.
// NewOutput creates it, and End must be called.
type Output struct {
	mu    sync.Mutex
	fd    int
	write int      // our copy of the child's end; -1 when it is closed
	file  *os.File // fd, for waiting
	over  bool     // nothing more is read: fd is closed, or about to be
	tail  []byte
}

// NewOutput creates the pipe of one attempt and reads it in the background until End.
func NewOutput() (*Output, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(ends[0], true); err != nil {
		_, _ = syscall.Close(ends[0]), syscall.Close(ends[1])
		return nil, err
	}
	o := &Output{fd: ends[0], write: ends[1], file: os.NewFile(uintptr(ends[0]), "output of a probe")}
	go o.follow()
	return o, nil
}

// FD is the descriptor for the child's 1 and 2. Started closes it.
func (o *Output) FD() int { return o.write }

// Started closes our copy of the child's end, whether or not there is a child.
func (o *Output) Started() {
	_ = syscall.Close(o.write)
	o.write = -1
}

// End returns the last line of the output that is not empty, without blanks around
// it; "" if there is none. It closes the pipe and does not wait: some process may still
// have the other end.
func (o *Output) End() string {
	o.mu.Lock()
	for rest := restBytes; !o.over && rest > 0; rest -= burstBytes {
		if n, _ := o.read(); n <= 0 {
			break
		}
	}
	o.over = true
	text := bytes.TrimSpace(o.tail)
	o.mu.Unlock()
	_ = o.file.SetReadDeadline(time.Unix(1, 0)) // long ago: follow ends, and closes it
	return string(bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:]))
}

// follow reads until the end and closes the pipe: Close waits for readers.
func (o *Output) follow() {
	defer o.file.Close()
	raw, err := o.file.SyscallConn()
	if err == nil {
		_ = raw.Read(func(uintptr) (done bool) { return o.readAll() })
	}
	o.mu.Lock()
	o.over = true
	o.mu.Unlock()
}

// readAll reads what the pipe has. It tells whether that is the end.
func (o *Output) readAll() (end bool) {
	for {
		o.mu.Lock()
		n, err := 0, error(nil)
		if !o.over {
			n, err = o.read()
		}
		o.mu.Unlock()
		switch {
		case err == syscall.EAGAIN:
			return false
		case n <= 0:
			return true
		case n == burstBytes:
			time.Sleep(time.Millisecond)
		}
	}
}

// read takes one burst from the pipe. The caller holds the lock, and the pipe is open.
func (o *Output) read() (int, error) {
	var burst [burstBytes]byte
	n, err := syscall.Read(o.fd, burst[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(o.fd, burst[:])
	}
	if n > 0 {
		o.tail = append(o.tail, burst[max(0, n-tailBytes):n]...)
		o.tail = o.tail[max(0, len(o.tail)-tailBytes):]
	}
	return n, err
}
