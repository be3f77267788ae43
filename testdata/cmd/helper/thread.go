package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// endThreadAddress is where the code begins that ends the calling thread.
func endThreadAddress() uintptr

// sigaction is the kernel's, as it is on amd64 and arm64.
type sigaction struct {
	handler, flags, restorer, mask uintptr
}

func (a *sigaction) install(signal uintptr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(a)), 0, 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("rt_sigaction %d: %w", signal, errno)
	}
	return nil
}

// becomeSingleThreaded ends all threads of the process but the calling one.
//
// The runtime is not told, and so may never again be asked for a thread: the
// collector is turned off, and the caller stays on one goroutine for good. In
// return the process has one signal mask, which no runtime changes any more.
func becomeSingleThreaded() error {
	const last, onStack, hasRestorer = 64, 0x08000000, 0x04000000
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	if unix.Gettid() != unix.Getpid() {
		// Not on the first thread; ending that one would make a zombie of
		// the process in the eyes of ps. Begin again.
		return unix.Exec("/proc/self/exe", os.Args, os.Environ())
	}
	end := sigaction{handler: endThreadAddress(), flags: onStack | hasRestorer, restorer: endThreadAddress()}
	if err := end.install(last); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		others, err := otherThreads()
		if err != nil {
			return err
		}
		if len(others) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("threads %v do not end", others)
		}
		for _, tid := range others {
			unix.Tgkill(unix.Getpid(), tid, last)
		}
		unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	var byDefault sigaction
	return byDefault.install(last)
}

func otherThreads() ([]int, error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, entry := range entries {
		if tid, err := strconv.Atoi(entry.Name()); err == nil && tid != unix.Getpid() {
			out = append(out, tid)
		}
	}
	return out, nil
}
