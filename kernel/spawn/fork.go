package spawn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file makes a child and waits for it; child.go contains what the child does.

// everySignal is the mask during the fork.
var everySignal = ^uint64(0)

func clone(call, first, second uintptr, p *plan) (pid, errno uintptr)

// childStack is the stack of the child until its exec. There is one child at a
// time.
var childStack [2048]uint64

// cloneArgs is the first version of struct clone_args (clone(2), 64 bytes), for a child that
// has default dispositions for all signals that we catch (since Linux 5.5).
var cloneArgs = [8]uint64{0: unix.CLONE_CLEAR_SIGHAND, 4: uint64(unix.SIGCHLD)}

// withoutClone3 is set when the kernel, or a filter of system calls, does not
// accept cloneArgs.
var withoutClone3 bool

// forkBlocked makes the child and waits until it has become the command, or has failed,
// with every signal blocked: the child must not run a handler of ours, since it
// shares our memory and our signal queue. The child sets its own mask as the last step
// before exec, when all its dispositions are set. The runtime cannot preempt this code or
// move it to another thread, because these functions have no stack check.
//
// We do not use vfork(2), although we wait in the same way: if a process in the container stopped
// the child between fork and exec (kill -STOP -1), we would hang with
// it, in a wait that only KILL ends.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func forkBlocked(p *plan) (uintptr, syscall.Errno) {
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&everySignal)), uintptr(unsafe.Pointer(&p.before)), 8, 0, 0)
	pid, errno := fork(p)
	p.leave(errno)
	if errno == 0 {
		p.await(pid)
	}
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&p.before)), 0, 8, 0, 0)
	return pid, errno
}

var rootDirectory = [...]byte{'/', 0}

// leave changes to the root directory and closes the descriptors that the child gets, while the child waits, and
// then lets the child go on. If there is no child, we keep everything.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) leave(errno syscall.Errno) {
	if p.gate[1] < 0 {
		return
	}
	if errno == 0 {
		syscall.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&rootDirectory)), 0, 0)
		for _, fd := range p.legacy {
			syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
		}
	}
	syscall.RawSyscall(unix.SYS_CLOSE, uintptr(p.gate[1]), 0, 0)
}

// fork makes the child, in the best way that the kernel supports. The child shares our memory, except one that sets its
// oom_score_adj: the kernel would set ours as well (__set_oom_adj in fs/proc/base.c).
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func fork(p *plan) (uintptr, syscall.Errno) {
	stack, size := uintptr(unsafe.Pointer(&childStack)), unsafe.Sizeof(childStack)
	memory := uintptr(unix.CLONE_VM)
	if p.oomScoreAdj != nil {
		memory = 0
	}
	if p.clear {
		cloneArgs[0] = uint64(memory) | unix.CLONE_CLEAR_SIGHAND
		cloneArgs[5], cloneArgs[6] = uint64(stack), uint64(size)
		pid, failed := clone(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&cloneArgs)), unsafe.Sizeof(cloneArgs), p)
		if failed == 0 || failed == uintptr(unix.EAGAIN) || failed == uintptr(unix.ENOMEM) {
			return pid, syscall.Errno(failed)
		}
		p.clear, withoutClone3 = false, true
	}
	pid, failed := uintptr(0), uintptr(unix.EINVAL)
	if p.uncaught == 0 { // valgrind reserves a signal, and ends us for this call
		pid, failed = clone(unix.SYS_CLONE, memory|uintptr(unix.SIGCHLD), stack+size, p)
	}
	if failed == uintptr(unix.EINVAL) { // valgrind and qemu-user support threads and forks only, and turn this call into a fork
		wait := p.gate[0]
		p.gate[0] = -1 // we are suspended until its exec
		pid, failed = clone(unix.SYS_CLONE, unix.CLONE_VM|unix.CLONE_VFORK|uintptr(unix.SIGCHLD), stack+size, p)
		p.gate[0] = wait
	}
	return pid, syscall.Errno(failed)
}

// patience, in nanoseconds, is how long we wait for a child before we assume that
// another process has stopped it, and continue it.
const patience = 100e6

// await waits until the child has become the command, or has reported a failure. If ppoll
// is refused (seccomp), the read waits instead, and a child that is stopped is not continued.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) await(pid uintptr) {
	syscall.RawSyscall(unix.SYS_CLOSE, uintptr(p.report[1]), 0, 0)
	for {
		report := unix.PollFd{Fd: int32(p.report[0]), Events: unix.POLLIN}
		atMost := unix.Timespec{Nsec: patience} // the kernel writes the remaining time into it
		n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&report)), 1, uintptr(unsafe.Pointer(&atMost)), 0, 0, 0)
		if n != 0 || errno != 0 {
			break
		}
		syscall.RawSyscall(unix.SYS_KILL, pid, uintptr(unix.SIGCONT), 0)
	}
	var words [3]int64
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(p.report[0]), uintptr(unsafe.Pointer(&words)), unsafe.Sizeof(words))
	p.stage, p.errno = 0, 0
	if errno == 0 && n == unsafe.Sizeof(words) {
		p.stage, p.errno, p.detail = stage(words[0]), syscall.Errno(words[1]), int32(words[2])
	}
}
