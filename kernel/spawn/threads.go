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

// ReserveThreads creates all threads that we need for the rest of our life: the
// caller's goroutine stays on its thread, and n idle threads stand ready. It
// returns how many threads it has reserved.
//
// The caller should be on the main thread, which the kernel prefers for signals.
//
// Go's runtime creates threads on demand, and ends the process when it
// cannot create one. If a service used up the container's pids limit, PID 1 would die of
// that. A thread that exists stays, so we create now as many as we can ever need at
// once. Before that, a trial finds out how many tasks the limits allow.
// If less than three times n tasks are left under the pids limit, fewer threads are made, but at least
// two: the services need tasks too.
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

// possibleThreads finds out how many threads can be made, up to n. For n = 1 it makes a single thread, which takes a fourth
// of the time.
func possibleThreads(n int) int {
	if n > 1 {
		return max(0, mayFork(n+headroom)-headroom)
	}
	if _, errno := cloneNobody(asThread); errno != 0 && errno != uintptr(unix.EINVAL) {
		return 0
	}
	return n
}

// headroom is the number of extra tasks that must be available beyond the ones requested: the
// runtime may make another one or two in the meantime.
const headroom = 2

// mayFork finds out how many tasks can be made, up to n: under the pids limits of our
// cgroup and its parents, under RLIMIT_NPROC, and under any other limit
// (clone(2), EAGAIN). Its children exit at once and send no SIGCHLD. They count against the limits until
// mayFork reaps them at its end.
func mayFork(n int) int {
	var children []int
	for len(children) < n {
		pid, errno := cloneNobody(likeUs)
		if errno == uintptr(unix.EAGAIN) || errno == uintptr(unix.ENOMEM) {
			n = len(children)
			break
		}
		if errno != 0 { // this error says nothing about limits (qemu-user cannot make such a child)
			break
		}
		children = append(children, int(pid))
	}
	for _, pid := range children {
		_ = unix.Kill(pid, unix.SIGKILL) // it may be stopped
		reapUnheard(pid, unix.WALL)
	}
	return n
}

// Flags for cloneNobody.
const (
	// likeUs makes a child that shares everything with us and sends no signal at
	// its end. It is the cheapest child.
	likeUs = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND
	// asThread makes a thread of ours, which needs no reaping.
	asThread = likeUs | unix.CLONE_THREAD | unix.CLONE_SYSVSEM
	// numberOnly makes nothing, but uses up a number: the kernel fails to return the new pidfd, since we give no
	// place for it (EFAULT), and it finds that out after it has allocated the number
	// (copy_process in kernel/fork.c). Kernels before 5.2 make a child as likeUs does.
	numberOnly = likeUs | unix.CLONE_PIDFD
)

// SkipTo uses up process numbers, so that the next process gets the number first. The kernel
// allocates them in order (alloc_pid in kernel/pid.c). If the kernel is already beyond first,
// the next process gets the next multiple of first. It costs one to five microseconds a number.
// If the kernel refuses, because of a limit for example, SkipTo stops there.
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

// cloneNobody makes a task with these flags, which exits at once. Every signal is blocked meanwhile: otherwise a
// handler of ours could run on the stack that the task shares with us.
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

// processesLeft returns how many more tasks our cgroup allows. ok is false if
// no limit is visible. A container sees its own cgroup as the root of what is
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
