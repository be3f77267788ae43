package destination

import (
	"bytes"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A line that we have begun to write when our process ends stays torn in the pipe: the grace may
// end, or KILL come, while the reader stalls and the kernel has taken a part of a large write.
// So a pipe is given no more than it takes at once, in whole lines. It takes up to
// PIPE_BUF bytes whole or not at all (pipe(7)), however long that waits for room. When
// there is room for more it gets more, so that a reader that keeps up costs no further writes.
//
// A line longer than PIPE_BUF is begun at once as a rule, but only when there is room for all of it
// once our own end has begun (Options.Ending). Terminals and sockets take what they like, and so does a
// pipe for a line that it could never hold.

const (
	pipeBuf  = 4096                 // PIPE_BUF in linux/limits.h
	roomPoll = 2 * time.Millisecond // no event tells of more room than PIPE_BUF
)

// isPipe tells whether the descriptor is a pipe or FIFO.
func isPipe(fd int) bool {
	var s unix.Stat_t
	return unix.Fstat(fd, &s) == nil && s.Mode&unix.S_IFMT == unix.S_IFIFO
}

// portion is how much of p, which begins a line or goes on with one, is written to a pipe
// next. ending tells that our own end has begun; then it may wait for room.
func portion(fd int, p []byte, ending func() bool) int {
	if len(p) <= pipeBuf {
		return len(p)
	}
	for {
		room, size := pipeRoom(fd)
		most := max(room, pipeBuf)
		if len(p) <= most {
			return len(p)
		}
		if end := bytes.LastIndexByte(p[:most], '\n') + 1; end > 0 {
			return end
		}
		line := firstLine(p)
		if line > size || !ending() {
			return line
		}
		time.Sleep(roomPoll)
	}
}

// pipeRoom is how much a pipe surely takes now, while we alone write there, and what it
// could take when it is empty. It has slots of a page each, and a write joins the last
// slot only if its odd part fits in (pipe_write in fs/pipe.c): so two slots in a row hold more
// than a page together, and of the first a part may have been read.
func pipeRoom(fd int) (room, size int) {
	size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return 0, 0
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		return 0, 0
	}
	if n > 0 {
		page := os.Getpagesize()
		n = (2*((n+page-1)/page) + 2) * page
	}
	return max(0, size-n), size
}
