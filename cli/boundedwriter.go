package cli

import (
	"time"

	"golang.org/x/sys/unix"
)

// boundedWriter writes messages before there is a loop, to a descriptor that may be
// stalled or gone, or a terminal on which we are in the background. It waits a second at
// most for a reader, and then gives up. os.File would wait for ever, and end us on
// EPIPE.
type boundedWriter int

// patience is how long boundedWriter waits for a reader, in all.
const patience = time.Second

func (fd boundedWriter) Write(p []byte) (int, error) {
	var block, before unix.Sigset_t
	block.Val[0] = 1 << (unix.SIGTTOU - 1)
	if unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before) == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}
	by := time.Now().Add(patience)
	for rest := p; len(rest) > 0; {
		// A pipe that can be written to takes PIPE_BUF bytes at once (pipe(7)).
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(ready, int(max(0, time.Until(by)/time.Millisecond)))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			break
		}
		written, err := unix.Write(int(fd), rest[:min(len(rest), 4096)])
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil {
			break
		}
		rest = rest[written:]
	}
	return len(p), nil
}
