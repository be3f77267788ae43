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

// Package os/signal cannot carry what an init must: it never shows PROF, 32,
// 33 and 34, it merges queued real-time signals into one and drops their
// values, and it does not tell the sender. So the handler is ours (catch_*.s).
// It has the first 32 bytes of the kernel's siginfo. A real-time signal's go into a
// pipe, from which Wait reads them, one at a time and in order. A standard
// signal's go to its own place, of which there is one for each, as in the
// kernel; so it overtakes what is queued, and TERM is heard in a flood. More of
// the same that come before the place is free go into the pipe while it has room.
// The pipe is also how the rest of the process wakes the one who waits.

const (
	recordBytes = 32
	// firstRealtime is the kernel's SIGRTMIN (signal(7)).
	firstRealtime = 32
	// turnMax is how many real-time signals a Wait tells of at most, about.
	turnMax = 64
)

// Flags of rt_sigaction (include/uapi/asm-generic/signal-defs.h; x86 and ARM agree).
const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
)

// Shared with catch_*.s; written before the handler is installed, and
// afterwards by the handler alone, but for what Wait takes.
var (
	catchFD  int32
	catchPID int32
	// catchLost counts real-time signals that found no room.
	catchLost uint32

	// catchPlace has a record for each standard signal, with its turn in
	// catchOrder for si_errno. The handler that sets a signal's bit (1 << N) in
	// catchClaimed may fill its place; with the bit in catchPending it belongs to Wait,
	// which clears both.
	catchPlace   [firstRealtime][recordBytes]byte
	catchClaimed uint64
	catchPending uint64
	//lint:ignore U1000 catch_*.s counts with it
	catchOrder uint32
	//lint:ignore U1000 catch_*.s writes it to the pipe to wake Wait
	catchNothing [recordBytes]byte

	// Where the loop has the main thread for itself (catchMayBlock), the handler
	// takes turnMax real-time signals and no more: then it says so in catchHeld and
	// returns with the others blocked, and Wait goes on from there. So nothing is
	// lost, the kernel tells who sends too much (EAGAIN, sigqueue(3)), and
	// nobody can keep us in the handler. A record that found no room in the pipe, which
	// takes a thousand of Wake, is in catchSlot then, and catchKept is 1.
	//lint:ignore U1000 catch_*.s asks it
	catchMayBlock uint32
	catchRoom     int32
	catchHeld     uint32
	catchKept     uint32
	catchSlot     [recordBytes]byte

	chained [proc.LastSignal + 1]uintptr

	uncaught uint64 // the signals that Catch could not catch, as bits
)

// Catcher is where the handler puts what it has caught. There is one in a process, and one
// goroutine waits at it; any may call Wake.
type Catcher struct {
	end    int // of the pipe: we read here
	buffer [128 * recordBytes]byte
	caught []proc.Caught
}

// noReturn is said by restore of catch_*.s, when a handler cannot end. Catch sends us a
// signal, so that this is found before anything is started.
//
//lint:ignore U1000 catch_*.s writes it
var noReturn = entry.RefusedBegin + "rt_sigreturn" + entry.RefusedEnd

// Caught tells whether Catch was called, and which signals it could not catch, as bits.
func Caught() (called bool, not uint64) { return catchPID != 0, uncaught }

func handlerAddresses() (handler, restorer uintptr)

// Catch takes over every signal that can be caught, for the rest of our life;
// Wait tells of them. Faults in our own code and what the runtime sends to its
// own threads still reach the runtime. Call it once, before the first child is
// made, on the thread that will wait: the kernel likes to hand a signal to the
// main thread, and when that is the one who waits nobody else need wake up. So main.go
// keeps the main goroutine there (KeepThread) from before main on: any system call, a
// configuration from a slow disk, may bring a goroutine to another thread.
//
// A signal that cannot be caught has its error in refused, and we go on without it: valgrind keeps
// RTMAX for itself. Without CHLD we cannot.
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
	// Can a handler end? If not, restore says so (needed.go). ownDoing drops this one.
	_ = unix.Kill(unix.Getpid(), unix.SIGURG)
	return refused, nil
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
		case err != nil: // it is refused us: the runtime's timers have other means
			defer time.AfterFunc(atMost, c.Wake).Stop()
		case n == 0:
			return news
		}
	}
	n, err := unix.Read(c.end, c.buffer[:])
	if err == unix.EINTR {
		return news
	}
	if err != nil || n == 0 { // an end of file would make us spin
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

// admit lets the next real-time signals in. A standard signal that is here
// already goes first: the kernel can take long to find each of a hundred thousand.
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
			return // full of Wake; the next turn has room
		}
		atomic.StoreUint32(&catchKept, 0)
	}
	atomic.StoreInt32(&catchRoom, turnMax)
	atomic.StoreUint32(&catchHeld, 0)
	unblockAll()
}

// takeStandard takes the standard signals from their places, in the order in
// which they came.
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

// note adds a signal to the news, if it is any.
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

// ownDoing tells whether a signal is of our own doing, so that nobody means us to forward
// it. We send ourselves none but what the runtime sends its threads (CodeTkill). But the kernel names
// us as the sender where it answers something that we did: PIPE for a write that
// nobody can read any more, XFSZ for one beyond RLIMIT_FSIZE, HUP and CONT for
// GiveUpTerminal. XCPU tells how much time we have used (RLIMIT_CPU).
func ownDoing(c proc.Caught) bool {
	own := c.PID == proc.PID(catchPID)
	return own && (c.Code == proc.CodeTkill || c.Code == proc.CodeUser) ||
		c.Code == proc.CodeKernel && c.Signal == proc.XCPU
}

// Wake makes a Wait return, the present one or the next. Any goroutine may call
// it. A full queue is no loss: then there is something to read.
func (c *Catcher) Wake() {
	var record [recordBytes]byte
	// Not unix.Write: the pipe is non-blocking, and the runtime need not know (it
	// would make a thread to run others meanwhile).
	_, _, _ = syscall.RawSyscall(unix.SYS_WRITE, uintptr(catchFD), uintptr(unsafe.Pointer(&record)), recordBytes)
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
