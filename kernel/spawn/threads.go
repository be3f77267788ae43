package spawn

import (
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/kernel/procfs"
	"sexton/kernel/signals"
	"sexton/proc"
)

// ReserveThreads makes the threads stay as they are to be for the rest of our life: the
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
func (*Spawner) ReserveThreads(n int) int {
	if left, ok := processesLeft("/sys/fs/cgroup"); ok {
		n = min(n, max(2, left/3))
	}
	if n = possibleThreads(n); n == 0 {
		return 0
	}
	entry.KeepThread()
	var ready, done sync.WaitGroup
	ready.Add(n)
	release := make(chan struct{})
	for range n {
		done.Go(func() {
			entry.KeepThread()
			entry.OpenFaults() // the thread may be older than Catch
			ready.Done()
			<-release
			entry.FreeThread() // so that the thread stays
		})
	}
	ready.Wait()
	close(release)
	done.Wait() // a goroutine that keeps its thread makes the runtime make another for the next
	return n
}

// possibleThreads tries how many threads can be made, up to n. One is asked for by one, which takes a fourth of the time.
func possibleThreads(n int) int {
	if n > 1 {
		return max(0, mayFork(n+headroom)-headroom)
	}
	if _, errno := cloneNobody(asThread); errno != 0 && errno != uintptr(unix.EINVAL) {
		return 0
	}
	return n
}

// headroom is how many tasks must be to be had beside those that we want: the
// runtime may make another one or two on the way.
const headroom = 2

// mayFork tries how many tasks may be had, up to n: under the pids limits of our
// cgroup and of those above it, under RLIMIT_NPROC, and whatever else there is
// (clone(2), EAGAIN). Its children end at once, count until they are reaped, which
// is here, and give no SIGCHLD.
func mayFork(n int) int {
	var children []int
	for len(children) < n {
		pid, errno := cloneNobody(likeUs)
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

// What cloneNobody makes.
const (
	// likeUs is a child that shares with us all that can be shared, and gives no signal at
	// its end: the cheapest that there is.
	likeUs = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND
	// asThread is a thread of ours, which needs no reaping.
	asThread = likeUs | unix.CLONE_THREAD | unix.CLONE_SYSVSEM
	// numberOnly is nothing at all: the kernel cannot say the new pidfd, for we give no
	// place for it (EFAULT), and finds that out when it has given away a number
	// (copy_process in kernel/fork.c). Kernels before 5.2 make a child as likeUs does.
	numberOnly = likeUs | unix.CLONE_PIDFD
)

// SkipTo makes the kernel pass over the numbers below first, as far as it has not yet given them
// away: it gives them in order (alloc_pid in kernel/pid.c). If it is beyond that already,
// the next multiple of first is taken. It costs a microsecond or five a number.
// Where the kernel says no, by a limit for example, the rest is left as it is.
func (*Spawner) SkipTo(first proc.PID) {
	last, errno := cloneNobody(asThread)
	if errno != 0 {
		return
	}
	to := uintptr(first)
	for to <= last {
		to += uintptr(first)
	}
	for last++; last < to; last++ {
		pid, errno := cloneNobody(numberOnly)
		if errno == 0 {
			reapUnheard(int(pid), unix.WALL)
		} else if errno != uintptr(unix.EFAULT) {
			return
		}
	}
}

// cloneNobody makes what flags say, and it ends at once, with every signal blocked: a
// handler of ours would run on the stack that it shares with us.
func cloneNobody(flags uintptr) (pid, errno uintptr) {
	if _, uncaught := signals.Caught(); uncaught != 0 { // see fork
		return 0, uintptr(unix.EINVAL)
	}
	return cloneBlocked(flags)
}

//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func cloneBlocked(flags uintptr) (pid, errno uintptr) {
	var before uint64
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&everySignal)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	pid, errno = clone(unix.SYS_CLONE, flags, 0, nil)
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
	return pid, errno
}

// processesLeft is how many tasks our cgroup may still make. ok is false where
// no limit can be seen. A container sees its own cgroup as the root of what is
// mounted at /sys/fs/cgroup (cgroup_namespaces(7)); v1 has a directory for each
// controller.
func processesLeft(cgroup string) (left int, ok bool) {
	for _, dir := range []string{cgroup, cgroup + "/pids"} {
		limit, err := strconv.Atoi(strings.TrimSpace(procfs.ReadSmall(dir + "/pids.max")))
		if err != nil {
			continue
		}
		current, err := strconv.Atoi(strings.TrimSpace(procfs.ReadSmall(dir + "/pids.current")))
		if err != nil {
			continue
		}
		return max(0, limit-current), true
	}
	return 0, false
}
