package kernel

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Package os/signal cannot carry what an init must: it never shows PROF, 32,
// 33 and 34, it merges queued real-time signals into one and drops their
// values, and it does not tell the sender. So the handler is ours (catch_*.s):
// it writes the first 32 bytes of the kernel's siginfo into a pipe, and Wait
// reads them from there, one at a time and in order. The pipe is also how the
// rest of the process wakes the one who waits.

const (
	recordBytes = 32
	// queueBytes is what we ask for the pipe: room for 32,768 signals, and as
	// much as an unprivileged process may have (/proc/sys/fs/pipe-max-size).
	queueBytes = 1 << 20
)

// Flags of rt_sigaction (include/uapi/asm-generic/signal-defs.h; x86 and ARM agree).
const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
)

// Shared with catch_*.s; written before the handler is installed, and
// afterwards by the handler alone, but for catchLost and catchMissed, which Wait takes.
var (
	catchFD   int32
	catchPID  int32
	catchLost uint32
	// catchMissed has bit N for each signal N of 1 to 31 that found the queue full.
	catchMissed uint64

	// Once the loop is sure of the main thread (Settle), a full queue loses
	// nothing: the handler keeps one record in catchSlot, says so in catchHeld, and
	// returns with signals blocked, until Wait has made room.
	catchMayBlock uint32
	catchHeld     uint32
	catchSlot     [recordBytes]byte
	chained       [proc.LastSignal + 1]uintptr
)

func handlerAddresses() (handler, restorer uintptr)

// Catch takes over every signal that can be caught, for the rest of our life;
// Wait tells of them. Faults in our own code and what the runtime sends to its
// own threads still reach the runtime. Call it once, before the first child is
// made, on the thread that will wait: the kernel likes to hand a signal to the
// main thread, and when that is the one who waits nobody else need wake up.
func (k *Linux) Catch() error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("make the signal queue: pipe2: %w", err)
	}
	// Less than we want is no reason to stop: 64 KiB still hold 2048.
	_, _ = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, queueBytes)
	// The end that we read from blocks; the handler's may not.
	if _, err := unix.FcntlInt(uintptr(ends[0]), unix.F_SETFL, 0); err != nil {
		return fmt.Errorf("make the signal queue: fcntl: %w", err)
	}
	k.queue = ends[0]
	catchFD, catchPID = int32(ends[1]), int32(unix.Getpid())
	handler, restorer := handlerAddresses()
	set := action{
		handler:  handler,
		flags:    saSiginfo | saOnStack | saRestart,
		restorer: restorer,
		mask:     ^uint64(0),
	}
	if restorer != 0 {
		set.flags |= saRestorer
	}
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if s == proc.KILL || s == proc.STOP {
			continue
		}
		var old action
		if errno := sigaction(s, &set, &old); errno != 0 {
			return fmt.Errorf("catch signal %v: rt_sigaction: %w", s, errno)
		}
		chained[s] = old.handler
	}
	unblockAll()
	return nil
}

// unblockAll clears the mask of the calling thread. Go's runtime keeps the
// mask that we were started with on every thread it makes, and a signal that
// was blocked when we were started would never be seen. New threads take the
// mask of the one that makes them, and at this point there is one that runs.
func unblockAll() {
	var none unix.Sigset_t
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
}

// Wait waits until a signal was caught, a child has died, or somebody called
// Wake, at most for the time given; less than zero is for ever. It may return
// without news.
func (k *Linux) Wait(atMost time.Duration) proc.News {
	news := proc.News{Signals: k.caught[:0]}
	if atMost >= 0 {
		timeout := unix.NsecToTimespec(int64(atMost))
		queue := []unix.PollFd{{Fd: int32(k.queue), Events: unix.POLLIN}}
		// Interrupted means that a handler has just written.
		if n, err := unix.Ppoll(queue, &timeout, nil); n == 0 && err == nil {
			return news
		} else if err == unix.EINTR {
			timeout = unix.Timespec{}
			if n, _ := unix.Ppoll(queue, &timeout, nil); n <= 0 {
				return news
			}
		}
	}
	n, err := unix.Read(k.queue, k.buffer[:])
	if err == unix.EINTR {
		return news
	}
	if err != nil || n == 0 { // an end of file would make us spin
		panic(fmt.Sprintf("internal error: the signal queue cannot be read (%v)", err))
	}
	for at := 0; at+recordBytes <= n; at += recordBytes {
		c := decode(k.buffer[at : at+recordBytes])
		switch {
		case c.Signal == 0: // Wake
		case c.Signal == proc.CHLD:
			news.ChildDied = true
		case c.Code == proc.CodeTkill && c.PID == proc.PID(catchPID):
			// The runtime's own, caught before chained knew whose it was.
		case c.Code == proc.CodeUser && c.PID == proc.PID(catchPID) && echo(c.Signal):
		default:
			news.Signals = append(news.Signals, c)
		}
	}
	if atomic.LoadUint32(&catchHeld) != 0 {
		// There is room now, and nobody writes but Wake.
		if n, err := unix.Write(int(catchFD), catchSlot[:]); err == nil && n == recordBytes {
			atomic.StoreUint32(&catchHeld, 0)
			unblockAll()
		}
	}
	// Of the standard signals that found the queue full each is told of once, as
	// the kernel would have done while it was pending.
	for missed, s := atomic.SwapUint64(&catchMissed, 0), proc.Signal(1); missed>>s != 0; s++ {
		if missed>>s&1 != 0 && s != proc.CHLD {
			news.Signals = append(news.Signals, proc.Caught{Signal: s, Code: proc.CodeMissed})
		}
	}
	if lost := int32(atomic.SwapUint32(&catchLost, 0)); lost > 0 {
		news.ChildDied = true // one of the lost may have been a SIGCHLD
		news.Signals = append(news.Signals, proc.Caught{Lost: int(lost)})
	}
	k.caught = news.Signals
	return news
}

// echo tells whether a signal from ourselves is the kernel's answer to something
// that we did, for which it names us as the sender: PIPE to a write that nobody
// can read any more, HUP and CONT to GiveUpTerminal. Nobody means us to forward it.
func echo(s proc.Signal) bool { return s == proc.PIPE || s == proc.HUP || s == proc.CONT }

// Wake makes a Wait return, the present one or the next. Any goroutine may call
// it. A full queue is no loss: then there is something to read.
func (k *Linux) Wake() {
	var record [recordBytes]byte
	_, _ = unix.Write(int(catchFD), record[:])
}

// decode reads the beginning of a siginfo_t; catch_amd64.s has the offsets.
func decode(b []byte) proc.Caught {
	word := func(at int) int { return int(int32(binary.NativeEndian.Uint32(b[at:]))) }
	c := proc.Caught{Signal: proc.Signal(word(0)), Code: word(8)}
	if c.Code <= 0 {
		c.PID, c.UID = proc.PID(word(16)), word(20)
		c.Value = binary.NativeEndian.Uint64(b[24:])
	}
	return c
}

// errnoOf is the errno inside err, or 0.
func errnoOf(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
