// Package entry is what happens before main: the first instruction of the binary (entry_*.s, with -tags entry), what we
// were started with as it was before Go's runtime changed it, and the system calls without which there is nothing to start.
package entry

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What we were started with, as entry_*.s saw it before Go's runtime changed
// it. Written there and nowhere else; inheritedKnown is 0 in a binary that was
// not built with -tags entry (a test binary, say).
var (
	inheritedKnown  uint32
	inheritedMask   uint64
	inheritedIgnore uint64
	inheritedNofile unix.Rlimit
	//lint:ignore U1000 entry_*.s puts each action here to look at it
	inheritedAction Action
	inheritedAux    unsafe.Pointer // the auxiliary vector, getauxval(3)
	inheritedEnv    unsafe.Pointer // the environment, environ(7)

	runtimeTable unsafe.Pointer // Go's table of signals; nil: it was left alone
	runtimeFlags [32]int32      // what stood there of faults
)

// Inherited tells which signals were blocked and which were ignored when we
// were started: bit N-1 stands for signal N. A command started by nohup(1)
// finds HUP ignored, for example.
//
// Where the entry of ours was not linked in, only what the runtime leaves
// alone can be told: HUP and INT ignored (os/signal, "Default behavior of
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

// everySignal is what entry_*.s blocks, on the main thread and so on every
// thread that Go's runtime makes. Catch opens the main thread for them. So none is
// lost before it, none kills us before it, and no two threads ever take one each
// and bring them out of order.
//
//lint:ignore U1000 entry_*.s uses it
var everySignal = ^uint64(0)

// faults are the signals that tell of an error in our own code: ILL, TRAP, ABRT, BUS, FPE,
// SEGV and SYS.
const faults = 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<10 | 1<<30

// TrustRuntime lets the threads that Go's runtime makes from now on listen for
// faults, which entry_*.s has kept from those before: what Catch installs can tell a fault of
// ours from a signal that somebody sends. Until then a fault ends us without a word.
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

// OpenFaults makes the calling thread listen for faults.
func OpenFaults() {
	open := unix.Sigset_t{Val: [16]uint64{faults}}
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &open, nil)
}

// The environment that entry_*.s lets Go's runtime see, all of it. What the
// container's programs are told in GOMAXPROCS, GOGC or GODEBUG is not meant for
// us, and could end us: many processors need many threads. An init has one thing to do
// at a time, and no use for the local time zone, for which a package that we
// import would read a file at each start. Nor does it run long enough for the
// runtime to need signals to its own threads (SIGURG), which cannot be told from
// others' where the kernel has no room left for the sender of a signal.
var (
	//lint:ignore U1000 entry_*.s uses it
	ownZone = [...]byte{'T', 'Z', '=', 0}
	//lint:ignore U1000 entry_*.s uses it
	ownProcs = [...]byte{'G', 'O', 'M', 'A', 'X', 'P', 'R', 'O', 'C', 'S', '=', '1', 0}
	//lint:ignore U1000 entry_*.s uses it
	ownDebug = [...]byte{'G', 'O', 'D', 'E', 'B', 'U', 'G', '=', 'a', 's', 'y', 'n', 'c', 'p', 'r', 'e', 'e', 'm', 'p', 't', 'o', 'f', 'f', '=', '1', 0}
)

// InheritedNofile is the limit of open files that we were started with; Max is 0 where it is not known.
func InheritedNofile() unix.Rlimit { return inheritedNofile }

// Environ is the environment that we were given, as KEY=VALUE, to the letter:
// in its order, with names that stand twice.
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

// RestoreSignals makes the calling thread listen to what it listened to when we
// were started: for a verb that never calls Catch. All dispositions still are as
// they were.
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
