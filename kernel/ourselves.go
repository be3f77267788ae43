package kernel

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

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
// made now. Where less than that and half as much again is left under the limit,
// fewer are made: the services need some too.
func (*Linux) Settle(n int) int {
	if left, ok := processesLeft(); ok {
		n = max(0, min(n, left*2/3))
	}
	if unix.Gettid() == unix.Getpid() {
		atomic.StoreUint32(&catchMayBlock, 1)
		runtime.LockOSThread() // this makes one more, from which the runtime makes others
	}
	var ready, done sync.WaitGroup
	ready.Add(n)
	done.Add(n)
	release := make(chan struct{})
	for range n {
		go func() {
			runtime.LockOSThread() // so that each needs a thread of its own
			ready.Done()
			<-release
			runtime.UnlockOSThread() // so that the thread stays
			done.Done()
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
	return n
}

// processesLeft is how many tasks our cgroup may still make. ok is false where
// no limit can be seen. A container sees its own cgroup as the root of what is
// mounted at /sys/fs/cgroup (cgroup_namespaces(7)); v1 has a directory for each
// controller.
func processesLeft() (left int, ok bool) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/pids"} {
		limit, err := strconv.Atoi(strings.TrimSpace(string(readSmall(dir + "/pids.max"))))
		if err != nil {
			continue
		}
		current, err := strconv.Atoi(strings.TrimSpace(string(readSmall(dir + "/pids.current"))))
		if err != nil {
			continue
		}
		return max(0, limit-current), true
	}
	return 0, false
}
