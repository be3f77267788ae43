// Package signals catches every signal, in order, with its sender and its value.
package signals

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/proc"
)

// Package os/signal is not enough for an init: it never delivers PROF, 32,
// 33 and 34, it merges queued real-time signals into one and drops their
// values, and it does not report the sender. So we have our own handler (catch_*.s).
// It keeps the first 32 bytes of the kernel's siginfo as a record. The record of a real-time signal goes into a
// pipe, from which Wait reads one record after the other, in order. Each standard
// signal has one place for its record, as in the
// kernel. So a standard signal overtakes the queue, and TERM is heard in a flood. If the same signal comes again
// before Wait has emptied its place, the record goes into the pipe while there is room.
// The rest of the process also wakes Wait through the pipe.

const (
	recordBytes = 32
	// firstRealtime is the kernel's SIGRTMIN (signal(7)).
	firstRealtime = 32
	// turnMax is about the largest number of real-time signals that one Wait returns.
	turnMax = 64
)

// Flags of rt_sigaction (include/uapi/asm-generic/signal-defs.h; x86 and ARM agree).
const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
)

// These variables are shared with catch_*.s. They are written before the handler is installed;
// afterwards the handler writes them, and Wait clears what it has taken.
var (
	catchFD  int32
	catchPID int32
	// catchLost counts real-time signals that were dropped because the pipe was full.
	catchLost uint32

	// catchPlace has a record for each standard signal, with its number from
	// catchOrder in place of si_errno. The handler that sets a signal's bit (1 << N) in
	// catchClaimed may fill the place. When the bit in catchPending is set too, the place belongs to Wait,
	// which clears both bits.
	catchPlace   [firstRealtime][recordBytes]byte
	catchClaimed uint64
	catchPending uint64
	//lint:ignore U1000 catch_*.s counts with it
	catchOrder uint32
	//lint:ignore U1000 catch_*.s writes it to the pipe to wake Wait
	catchNothing [recordBytes]byte

	// If the loop has the main thread for itself (catchMayBlock), the handler
	// takes at most turnMax real-time signals. Then it sets catchHeld and
	// returns with real-time signals blocked, and Wait unblocks them. So nothing is
	// lost, the kernel reports the overflow to the sender (EAGAIN, sigqueue(3)), and
	// no sender can keep us in the handler. If a record does not fit into the pipe, which
	// happens after a thousand calls of Wake, it is in catchSlot, and catchKept is 1.
	//lint:ignore U1000 catch_*.s asks it
	catchMayBlock uint32
	catchRoom     int32
	catchHeld     uint32
	catchKept     uint32
	catchSlot     [recordBytes]byte

	chained [proc.LastSignal + 1]uintptr

	uncaught uint64 // the signals that Catch could not catch: bit N-1 for signal N
)

// Catcher gives access to the signals that the handler has caught. A process has one, and one
// goroutine calls Wait; any goroutine may call Wake.
type Catcher struct {
	end    int // of the pipe: we read here
	buffer [128 * recordBytes]byte
	caught []proc.Caught
}

// noReturn is the message that restore in catch_*.s prints when a handler cannot return. Catch sends us a
// signal, so that this happens before anything is started.
//
//lint:ignore U1000 catch_*.s writes it
var noReturn = entry.RefusedBegin + "rt_sigreturn" + entry.RefusedEnd

// Caught reports whether Catch was called, and which signals it could not catch: bit N-1 for signal N.
func Caught() (called bool, not uint64) { return catchPID != 0, uncaught }

func handlerAddresses() (handler, restorer uintptr)

// Catch takes over every signal that can be caught, for the rest of our life;
// Wait returns them. Faults in our own code, and the signals that the runtime sends to its
// own threads, still reach the runtime. Call Catch once, before the first child is
// started, on the thread that will call Wait: the kernel prefers the
// main thread for a signal, and if that thread waits, no other one has to wake up. So main.go
// keeps the main goroutine on the main thread (KeepThread) from before main on. Otherwise any slow system call, such as
// reading the configuration from a slow disk, may move it to another thread.
//
// refused lists the signals that cannot be caught; we go on without them, since valgrind keeps
// RTMAX for itself. CHLD is the exception: without it Catch fails.
func (c *Catcher) Catch() (refused []error, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("make the signal queue: pipe2: %w", err)
	}
	// The end that we read from blocks; the handler's may not.
	if _, err := unix.FcntlInt(uintptr(ends[0]), unix.F_SETFL, 0); err != nil {
		return nil, fmt.Errorf("make the signal queue: fcntl: %w", err)
	}
	c.end = ends[0]
	catchFD, catchPID = int32(ends[1]), int32(unix.Getpid())
	if unix.Gettid() == unix.Getpid() {
		entry.KeepThread()
		catchMayBlock = 1
	}
	handler, restorer := handlerAddresses()
	set := entry.Action{
		Handler:  handler,
		Flags:    saSiginfo | saOnStack | saRestart | saRestorer,
		Restorer: restorer,
		Mask:     ^uint64(0),
	}
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if s == proc.KILL || s == proc.STOP {
			continue
		}
		var old entry.Action
		if errno := entry.Sigaction(s, &set, &old); errno != 0 {
			err := fmt.Errorf("signal %v cannot be caught: rt_sigaction: %w", s, errno)
			if s == proc.CHLD {
				return nil, err
			}
			refused = append(refused, err)
			uncaught |= s.Bit()
			continue
		}
		chained[s] = old.Handler
	}
	entry.TrustRuntime()
	unblockAll()
	// Can a handler return? If not, restore prints noReturn. ownDoing drops this signal.
	_ = unix.Kill(unix.Getpid(), unix.SIGURG)
	return refused, nil
}

// unblockAll clears the mask of the calling thread. Go's runtime keeps the
// mask that we were started with on every thread that it makes, so a signal that
// was blocked when we were started would never arrive. A new thread gets the
// mask of the thread that makes it, and at this point only one thread runs.
func unblockAll() {
	var none unix.Sigset_t
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
}

// Wait waits until a signal was caught, a child has died, or Wake was
// called, but not longer than atMost; a negative value means no limit. It may return
// without news.
func (c *Catcher) Wait(atMost time.Duration) proc.News {
	news := proc.News{Signals: c.caught[:0]}
	admit()
	if atMost >= 0 {
		timeout := unix.NsecToTimespec(int64(atMost))
		queue := []unix.PollFd{{Fd: int32(c.end), Events: unix.POLLIN}}
		// Interrupted means that a handler has just written.
		switch n, err := unix.Ppoll(queue, &timeout, nil); {
		case err == unix.EINTR:
			timeout = unix.Timespec{}
			if n, _ := unix.Ppoll(queue, &timeout, nil); n <= 0 {
				return news
			}
		case err != nil: // ppoll is refused; the runtime's timers work without it
			defer time.AfterFunc(atMost, c.Wake).Stop()
		case n == 0:
			return news
		}
	}
	n, err := unix.Read(c.end, c.buffer[:])
	if err == unix.EINTR {
		return news
	}
	if err != nil || n == 0 { // after an end of file the loop would spin
		panic(fmt.Sprintf("internal error: the signal queue cannot be read (%v)", err))
	}
	takeStandard(&news)
	for at := 0; at+recordBytes <= n; at += recordBytes {
		note(&news, decode(c.buffer[at:at+recordBytes]))
	}
	if lost := int32(atomic.SwapUint32(&catchLost, 0)); lost > 0 {
		news.Signals = append(news.Signals, proc.Caught{Lost: int(lost)})
	}
	c.caught = news.Signals
	return news
}

// admit unblocks the next real-time signals. A standard signal that is pending
// is handled first: the kernel takes long to find each signal in a queue of a hundred thousand.
func admit() {
	if atomic.LoadUint32(&catchHeld) == 0 {
		atomic.StoreInt32(&catchRoom, turnMax)
		return
	}
	if atomic.LoadUint64(&catchPending) != 0 {
		return
	}
	if atomic.LoadUint32(&catchKept) != 0 {
		if n, err := unix.Write(int(catchFD), catchSlot[:]); err != nil || n != recordBytes {
			return // the pipe is full of Wake; the next turn has room
		}
		atomic.StoreUint32(&catchKept, 0)
	}
	atomic.StoreInt32(&catchRoom, turnMax)
	atomic.StoreUint32(&catchHeld, 0)
	unblockAll()
}

// takeStandard takes the standard signals from their places, in the order of
// arrival.
func takeStandard(news *proc.News) {
	var turns [firstRealtime]uint32
	var came [firstRealtime]proc.Signal
	n := 0
	for rest := atomic.LoadUint64(&catchPending); rest != 0; rest &= rest - 1 {
		s := bits.TrailingZeros64(rest)
		turns[s] = binary.NativeEndian.Uint32(catchPlace[s][4:])
		came[n] = proc.Signal(s)
		n++
	}
	slices.SortFunc(came[:n], func(a, b proc.Signal) int { return int(int32(turns[a] - turns[b])) })
	for _, s := range came[:n] {
		note(news, decode(catchPlace[s][:]))
		atomic.AndUint64(&catchPending, ^(uint64(1) << s))
		atomic.AndUint64(&catchClaimed, ^(uint64(1) << s))
	}
}

// note adds a signal to the news, unless it is no news.
func note(news *proc.News, c proc.Caught) {
	switch {
	case c.Signal == 0: // Wake
	case c.Signal == proc.CHLD:
		news.ChildDied = true
	case ownDoing(c):
	default:
		news.Signals = append(news.Signals, c)
	}
}

// ownDoing reports whether we caused a signal ourselves, so that it must not be forwarded.
// The runtime sends signals to its own threads (CodeTkill). And the kernel names
// us as the sender of the signals that answer our own actions: PIPE for a write to a pipe that
// has no reader, XFSZ for a write beyond RLIMIT_FSIZE, HUP and CONT for
// GiveUpTerminal. XCPU means that we have used up our own processor time (RLIMIT_CPU).
func ownDoing(c proc.Caught) bool {
	own := c.PID == proc.PID(catchPID)
	return own && (c.Code == proc.CodeTkill || c.Code == proc.CodeUser) ||
		c.Code == proc.CodeKernel && c.Signal == proc.XCPU
}

// Wake makes Wait return, the current call or the next one. Any goroutine may call
// it. If the pipe is full, nothing is lost: then Wait has something to read.
func (c *Catcher) Wake() {
	var record [recordBytes]byte
	// Not unix.Write: the pipe is non-blocking, and the runtime must not be told, since it
	// would make a thread to run other goroutines meanwhile.
	_, _, _ = syscall.RawSyscall(unix.SYS_WRITE, uintptr(catchFD), uintptr(unsafe.Pointer(&record)), recordBytes)
}

// decode reads the beginning of a siginfo_t; the offsets are in catch_amd64.s.
func decode(b []byte) proc.Caught {
	word := func(at int) int { return int(int32(binary.NativeEndian.Uint32(b[at:]))) }
	c := proc.Caught{Signal: proc.Signal(word(0)), Code: word(8)}
	if c.Code <= 0 {
		c.PID, c.UID = proc.PID(word(16)), word(20)
		c.Value = binary.NativeEndian.Uint64(b[24:])
	}
	return c
}
