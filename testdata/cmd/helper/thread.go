package main

import (
	"fmt"
	"os"
	"runtime"
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
// The runtime is not told, and so may never again be asked for a thread, nor wait
// for one that is gone: there is no collector, one goroutine runs at a time, the
// caller stays on it for good, and while the others end no call here gives the
// scheduler a reason to hand its processor to one of them. In return the process has
// one signal mask, which no runtime changes any more.
func becomeSingleThreaded() error {
	const last, onStack, hasRestorer = 64, 0x08000000, 0x04000000
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() || os.Getenv("GOMAXPROCS") != "1" || os.Getenv("GOGC") != "off" {
		// Ending the first thread would make a zombie of the process in the
		// eyes of ps. Begin again.
		return unix.Exec("/proc/self/exe", os.Args, append([]string{"GOMAXPROCS=1", "GOGC=off"}, os.Environ()...))
	}
	tasks, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /proc/self/task: %w", err)
	}
	defer unix.Close(tasks)
	end := sigaction{handler: endThreadAddress(), flags: onStack | hasRestorer, restorer: endThreadAddress()}
	if err := end.install(last); err != nil {
		return err
	}
	runtime.Gosched() // begin a slice of time
	for deadline := time.Now().Add(5 * time.Second); ; {
		// The list of threads ends early at one that dies while it is read
		// (next_tid in fs/proc/base.c); their number is always true.
		var dir unix.Stat_t
		if _, _, errno := unix.RawSyscall(unix.SYS_FSTAT, uintptr(tasks), uintptr(unsafe.Pointer(&dir)), 0); errno != 0 {
			return fmt.Errorf("fstat: %w", errno)
		}
		others := int(dir.Nlink) - 3 // ".", ".." and the caller
		if others == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d threads do not end", others)
		}
		if err := endOthers(tasks, last); err != nil {
			return err
		}
		unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	var byDefault sigaction
	return byDefault.install(last)
}

// endOthers sends the signal to the threads in the directory, but not to the caller's.
// It makes raw system calls only.
func endOthers(tasks int, signal uintptr) error {
	var buf [4096]byte
	if _, _, errno := unix.RawSyscall(unix.SYS_LSEEK, uintptr(tasks), 0, unix.SEEK_SET); errno != 0 {
		return fmt.Errorf("lseek: %w", errno)
	}
	n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, uintptr(tasks), uintptr(unsafe.Pointer(&buf)), unsafe.Sizeof(buf))
	if errno != 0 {
		return fmt.Errorf("getdents64: %w", errno)
	}
	_, _, names := unix.ParseDirent(buf[:n], -1, nil)
	pid, _, _ := unix.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	for _, name := range names {
		if tid, err := strconv.Atoi(name); err == nil && tid != int(pid) {
			unix.RawSyscall(unix.SYS_TGKILL, pid, uintptr(tid), signal)
		}
	}
	return nil
}
