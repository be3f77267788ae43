package kernel

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// SetParentDeath asks for sig when our own parent dies
// (PR_SET_PDEATHSIG, prctl(2)).
func SetParentDeath(sig proc.Signal) error {
	return os.NewSyscallError("prctl PR_SET_PDEATHSIG", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0))
}

// Suspend stops us, as Ctrl-Z stops a program, until somebody continues us. The
// first process of a PID namespace cannot be stopped from inside, so that it does
// nothing there (kill(2), pid_namespaces(7)).
func (*Linux) Suspend() { _ = unix.Kill(unix.Getpid(), unix.SIGSTOP) }

// Settle makes the threads stay as they are to be for the rest of our life: the
// caller's goroutine stays on its thread, and n others stand ready beside it. It
// tells how many it reserved.
//
// The loop should have the main thread, to which the kernel likes to hand signals:
// then it is woken by them directly.
//
// Go's runtime makes threads when it needs them, and ends the process when it
// cannot: at a container's pids limit, while a service goes mad, PID 1 would die of
// that. A thread that was made once stays, so what we may ever need at once is
// made now, behind a trial that shows how many tasks may be had.
// Where less than three times as many are left under the limit, fewer are made, two
// at least: the services need some too.
func (*Linux) Settle(n int) int {
	if left, ok := processesLeft(); ok {
		n = min(n, max(2, left/3))
	}
	n = mayFork(n+headroom) - headroom
	if n < 0 {
		return 0
	}
	runtime.LockOSThread() // this makes one more, from which the runtime makes others
	var ready, done sync.WaitGroup
	ready.Add(n)
	release := make(chan struct{})
	for range n {
		done.Go(func() {
			runtime.LockOSThread() // so that each needs a thread of its own
			openFaults()           // it may be older than Catch
			ready.Done()
			<-release
			runtime.UnlockOSThread() // so that the thread stays
		})
	}
	ready.Wait()
	close(release)
	done.Wait()
	return n
}

// headroom is how many tasks must be to be had beside those that we want: the
// runtime may make another two or three on the way.
const headroom = 4

// mayFork tries how many tasks may be had, up to n: under the pids limits of our
// cgroup and of those above it, under RLIMIT_NPROC, and whatever else there is
// (clone(2), EAGAIN). Its children end at once, count until they are reaped, which
// is here, and give no SIGCHLD.
func mayFork(n int) int {
	var children []int
	for len(children) < n {
		pid, errno := cloneNobody()
		if errno == uintptr(unix.EAGAIN) || errno == uintptr(unix.ENOMEM) {
			n = len(children)
			break
		}
		if errno != 0 { // that says nothing about limits (qemu-user has no such child)
			break
		}
		children = append(children, int(pid))
	}
	for _, pid := range children {
		_ = unix.Kill(pid, unix.SIGKILL) // somebody may have stopped it
		reapUnheard(pid, unix.WALL)
	}
	return n
}

// cloneNobody makes a child that ends at once and gives no signal, with every
// signal blocked: a handler of ours would run on the stack that it shares with us.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func cloneNobody() (pid, errno uintptr) {
	var before uint64
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&everySignal)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	pid, errno = clone(unix.SYS_CLONE, unix.CLONE_VM, 0, nil)
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
	return pid, errno
}

// processesLeft is how many tasks our cgroup may still make. ok is false where
// no limit can be seen. A container sees its own cgroup as the root of what is
// mounted at /sys/fs/cgroup (cgroup_namespaces(7)); v1 has a directory for each
// controller.
func processesLeft() (left int, ok bool) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/pids"} {
		limit, err := strconv.Atoi(strings.TrimSpace(readSmall(dir + "/pids.max")))
		if err != nil {
			continue
		}
		current, err := strconv.Atoi(strings.TrimSpace(readSmall(dir + "/pids.current")))
		if err != nil {
			continue
		}
		return max(0, limit-current), true
	}
	return 0, false
}
