package kernel

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Package os/signal cannot carry what an init must: it never shows PROF, 32,
// 33 and 34, it merges queued real-time signals into one and drops their
// values, and it does not tell the sender. So the handler is ours (catch_*.s):
// it writes the first 32 bytes of the kernel's siginfo into a pipe, and one
// goroutine reads them from there, one at a time and in order.

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
// afterwards by the handler alone, but for catchLost, which Catch's reader takes.
var (
	catchFD   int32
	catchPID  int32
	catchLost uint32
	chained   [proc.LastSignal + 1]uintptr
)

func handlerAddresses() (handler, restorer uintptr)

// Catch takes over every signal that can be caught, for the rest of our life,
// and hands each one to signals, in the order in which it was caught. SIGCHLD goes to
// childDied instead: a single place that stays full means "look", not "one
// child". Both channels are the caller's, who must keep receiving from
// signals; childDied should have a capacity of 1.
//
// Signals that came while the queue was full are gone; the next one says in
// Lost how many those were, or an otherwise empty Caught does.
//
// Faults in our own code and what the runtime sends to its own threads still reach
// the runtime. Call it once, before the first child is made.
func (Linux) Catch(signals chan<- proc.Caught, childDied chan<- struct{}) error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("make the signal queue: pipe2: %w", err)
	}
	// Less than we want is no reason to stop: 64 KiB still hold 2048.
	_, _ = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, queueBytes)
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
	go readSignals(os.NewFile(uintptr(ends[0]), "signals"), signals, childDied)
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

// readSignals hands on what the handler wrote, for ever.
func readSignals(queue *os.File, signals chan<- proc.Caught, childDied chan<- struct{}) {
	buffer := make([]byte, 128*recordBytes)
	for {
		n, err := queue.Read(buffer)
		if err != nil {
			panic(fmt.Sprintf("internal error: reading the signal queue: %v", err))
		}
		for at := 0; at+recordBytes <= n; at += recordBytes {
			c := decode(buffer[at : at+recordBytes])
			switch {
			case c.Signal == proc.CHLD:
				look(childDied)
			case c.Code == proc.CodeTkill && c.PID == proc.PID(catchPID):
				// The runtime's own, caught before chained knew whose it was.
			default:
				signals <- c
			}
		}
		if lost := atomic.SwapUint32(&catchLost, 0); lost != 0 {
			look(childDied) // one of the lost may have been a SIGCHLD
			signals <- proc.Caught{Lost: int(lost)}
		}
	}
}

func look(childDied chan<- struct{}) {
	select {
	case childDied <- struct{}{}:
	default:
	}
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
