package kernel

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What we were started with, as entry_*.s saw it before Go's runtime changed
// it. Written there and nowhere else; inheritedKnown is 0 in a binary that was
// not linked with -E sexton_entry (a test binary, say).
var (
	inheritedKnown  uint32
	inheritedMask   uint64
	inheritedIgnore uint64
	inheritedNofile unix.Rlimit
	inheritedAction action
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
		var now action
		if sigaction(s, nil, &now) == 0 && now.handler == sigIgn {
			ignore |= s.Bit()
		}
	}
	return 0, ignore
}

const (
	sigDfl = 0
	sigIgn = 1
)

// action is the kernel's struct sigaction on 64-bit architectures, not the C
// library's (rt_sigaction(2), "C library/kernel differences").
type action struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

//go:nosplit
func sigaction(s proc.Signal, set, old *action) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	return errno
}
