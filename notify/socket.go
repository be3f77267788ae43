package notify

import (
	"encoding/hex"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Socket hears the messages of one run. Its name is random and abstract, because the service's user
// may not reach a path of ours. Anyone in the network namespace can see and use such a name, so
// the receiver of a message must check who sent it.
type Socket struct {
	Name string // the value of NOTIFY_SOCKET
	file *os.File
	once sync.Once
}

// Listen opens a socket, and calls heard for each message, one after the other, from a goroutine of
// its own that waits in the poller. After Close it is not called any more, but for a message that is
// just being read.
func Listen(heard func(Message)) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	name, err := bind(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	s := &Socket{Name: name, file: os.NewFile(uintptr(fd), "notify")}
	go s.read(heard)
	return s, nil
}

func bind(fd int) (name string, err error) {
	// Credentials must be there with the first message.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return "", os.NewSyscallError("setsockopt SO_PASSCRED", err)
	}
	var random [16]byte
	if _, err := unix.Getrandom(random[:], 0); err != nil {
		return "", os.NewSyscallError("getrandom", err)
	}
	name = "@sexton-notify-" + hex.EncodeToString(random[:])
	return name, os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
}

// Close ends it.
func (s *Socket) Close() { s.once.Do(func() { _ = s.file.Close() }) }

func (s *Socket) read(heard func(Message)) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return
	}
	text, extra := make([]byte, mostBytes+1), make([]byte, unix.CmsgSpace(unix.SizeofUcred)+unix.CmsgSpace(253*4)) // SCM_MAX_FD of the kernel
	for {
		var n, control, flags int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, control, flags, _, failed = unix.Recvmsg(int(fd), text, extra, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
			return failed != unix.EAGAIN
		})
		if err != nil {
			return // closed
		}
		if failed != nil {
			continue
		}
		sender, files := ancillary(extra[:control])
		if sender == nil || sender.Pid <= 0 || n > mostBytes || flags&unix.MSG_TRUNC != 0 {
			closeAll(files)
			continue
		}
		m := Parse(text[:n])
		m.PID, m.UID = proc.PID(sender.Pid), int(sender.Uid)
		if len(files) > 0 { // of BARRIER=1, or of a store that we do not have
			m.Barrier = func() { closeAll(files) }
		}
		heard(m)
	}
}

// ancillary are the credentials and the descriptors that came with a message.
func ancillary(control []byte) (sender *unix.Ucred, files []int) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, nil
	}
	for i := range messages {
		switch messages[i].Header.Type {
		case unix.SCM_CREDENTIALS:
			sender, _ = unix.ParseUnixCredentials(&messages[i])
		case unix.SCM_RIGHTS:
			fds, _ := unix.ParseUnixRights(&messages[i])
			files = append(files, fds...)
		}
	}
	return sender, files
}

func closeAll(files []int) {
	for _, fd := range files {
		_ = unix.Close(fd)
	}
}

// Pipe is the other way: a service writes a newline into a descriptor when it is ready.
type Pipe struct {
	Write int // the service's end
	read  *os.File
	once  sync.Once
}

// NewPipe makes a pipe, and calls ready once when the newline comes, from a goroutine of its own
// that waits in the poller.
func NewPipe(ready func()) (*Pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_, _ = unix.Close(fds[0]), unix.Close(fds[1])
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &Pipe{Write: fds[1], read: os.NewFile(uintptr(fds[0]), "ready")}
	go func() {
		some := make([]byte, 64)
		for {
			n, err := p.read.Read(some)
			for _, c := range some[:n] {
				if c == '\n' {
					ready()
					p.Close()
					return
				}
			}
			if err != nil && !errors.Is(err, syscall.EINTR) {
				if errors.Is(err, io.EOF) {
					p.Close()
				}
				return
			}
		}
	}()
	return p, nil
}

// Started closes our copy of the service's end.
func (p *Pipe) Started() {
	if p.Write >= 0 {
		_ = unix.Close(p.Write)
		p.Write = -1
	}
}

// Close ends it.
func (p *Pipe) Close() {
	p.once.Do(func() {
		_ = p.read.SetReadDeadline(time.Unix(1, 0))
		_ = p.read.Close()
	})
}
