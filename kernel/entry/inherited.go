// Package entry covers what happens before main: the first instruction of the binary (entry_*.s, with -tags entry), the
// state that we were started with before Go's runtime changed it, and the system calls that the runtime cannot do without.
package entry

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What we were started with, as entry_*.s saw it before Go's runtime changed
// it. Only the entry writes these variables; inheritedKnown is 0 in a binary that was
// not built with -tags entry, such as a test binary.
var (
	inheritedKnown  uint32
	inheritedMask   uint64
	inheritedIgnore uint64
	inheritedNofile unix.Rlimit
	//lint:ignore U1000 entry_*.s puts each action here to look at it
	inheritedAction Action
	inheritedAux    unsafe.Pointer // the auxiliary vector, getauxval(3)
	inheritedEnv    unsafe.Pointer // the environment, environ(7)

	runtimeTable unsafe.Pointer // Go's table of signals; nil: the entry did not change it
	runtimeFlags [32]int32      // the flags of faults as they were in that table
)

// Inherited returns the signals that were blocked and those that were ignored when we
// were started: bit N-1 stands for signal N. A command started by nohup(1)
// finds HUP ignored, for example.
//
// Without our entry, only the dispositions that the runtime does not change are
// known: HUP and INT when they are ignored (os/signal, "Default behavior of
// signals in Go programs"), and the stop signals of the terminal.
func Inherited() (mask, ignore uint64) {
	if inheritedKnown != 0 {
		return inheritedMask, inheritedIgnore
	}
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		var now Action
		if Sigaction(s, nil, &now) == 0 && now.Handler == SigIgnore {
			ignore |= s.Bit()
		}
	}
	return 0, ignore
}

// everySignal is the mask that entry_*.s sets on the main thread, and so on every
// thread that Go's runtime makes. Catch unblocks the signals on the main thread. So no signal is
// lost or kills us before Catch, and two threads never handle one signal each
// in the wrong order.
//
//lint:ignore U1000 entry_*.s uses it
var everySignal = ^uint64(0)

// faults are the signals that report an error in our own code: ILL, TRAP, ABRT, BUS, FPE,
// SEGV and SYS.
const faults = 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<10 | 1<<30

// TrustRuntime makes the threads that Go's runtime creates from now on accept
// faults. entry_*.s has blocked faults on the earlier threads. The handler that Catch installs can tell a fault
// of ours from a signal that another process sends. Until then a fault ends us without a message.
func TrustRuntime() {
	if runtimeTable == nil {
		return
	}
	table := (*[proc.LastSignal + 1]struct {
		flags int32
		_     string
	})(runtimeTable)
	for s, flags := range runtimeFlags {
		if flags != 0 {
			table[s].flags = flags
		}
	}
}

// OpenFaults unblocks faults on the calling thread.
func OpenFaults() {
	open := unix.Sigset_t{Val: [16]uint64{faults}}
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &open, nil)
}

// This is the whole environment that entry_*.s shows to Go's runtime. GOMAXPROCS, GOGC and
// GODEBUG in the container's environment are meant for its programs, not for us, and could end us: many
// processors need many threads. An init does one thing at a time. It does not need the local time zone either,
// for which an imported package would read a file at each start. And none of its goroutines runs so long that the
// runtime must interrupt it with a signal (SIGURG). Such a signal looks like another process's where the
// kernel has no memory left to record the sender.
var (
	//lint:ignore U1000 entry_*.s uses it
	ownZone = [...]byte{'T', 'Z', '=', 0}
	//lint:ignore U1000 entry_*.s uses it
	ownProcs = [...]byte{'G', 'O', 'M', 'A', 'X', 'P', 'R', 'O', 'C', 'S', '=', '1', 0}
	//lint:ignore U1000 entry_*.s uses it
	ownDebug = [...]byte{'G', 'O', 'D', 'E', 'B', 'U', 'G', '=', 'a', 's', 'y', 'n', 'c', 'p', 'r', 'e', 'e', 'm', 'p', 't', 'o', 'f', 'f', '=', '1', 0}
)

// InheritedNofile returns the limit of open files that we were started with; Max is 0 if it is not known.
func InheritedNofile() unix.Rlimit { return inheritedNofile }

// Environ returns the environment that we were given, as KEY=VALUE, unchanged:
// in the same order, and with duplicate names.
func Environ() []string {
	if inheritedEnv == nil {
		return os.Environ()
	}
	var env []string
	for at := inheritedEnv; *(*unsafe.Pointer)(at) != nil; at = unsafe.Add(at, unsafe.Sizeof(uintptr(0))) {
		env = append(env, unix.BytePtrToString(*(**byte)(at)))
	}
	return env
}

// RestoreSignals restores the signal mask that we were started with on the calling thread, for a verb
// that never calls Catch. The dispositions have not been changed.
func RestoreSignals() {
	TrustRuntime()
	if inheritedKnown != 0 {
		syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&inheritedMask)), 0, 8, 0, 0)
	}
}

// Values of Action.Handler.
const (
	SigDefault = 0
	SigIgnore  = 1
)

// action is the kernel's struct sigaction on 64-bit architectures, not the C
// library's (rt_sigaction(2), "C library/kernel differences").
type Action struct {
	Handler  uintptr
	Flags    uint64
	Restorer uintptr
	Mask     uint64
}

// Sigaction is rt_sigaction(2); spawn calls it in a child that shares our memory.
//
//go:norace
//go:nosplit
func Sigaction(s proc.Signal, set, old *Action) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	return errno
}
