package kernel

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What we ask of the kernel for ourselves.

// SetParentDeath asks for sig when our own parent dies
// (PR_SET_PDEATHSIG, prctl(2)).
func SetParentDeath(sig proc.Signal) error {
	return os.NewSyscallError("prctl PR_SET_PDEATHSIG", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0))
}

// Suspend stops us, as Ctrl-Z stops a program, until somebody continues us. The
// first process of a PID namespace cannot be stopped from inside, so that it does
// nothing there (kill(2), pid_namespaces(7)).
func (*Linux) Suspend() { _ = unix.Kill(unix.Getpid(), unix.SIGSTOP) }

// AdoptOrphans makes us the parent of every orphan among our descendants
// (PR_SET_CHILD_SUBREAPER), which the first process of a namespace is anyway.
func (*Linux) AdoptOrphans() error {
	return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// AdoptsOrphans tells whether AdoptOrphans was called, by us or by the program
// that became us.
func (*Linux) AdoptsOrphans() bool {
	var on int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&on)), 0, 0, 0)
	return err == nil && on != 0
}

// MayOpen tries whether n more descriptors are to be had. Go's poller takes two when it
// starts, while a file or a socket is open, and the runtime ends the process when they are not
// there: who is going to use package os or net asks first.
func MayOpen(n int) error {
	for range n {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return os.NewSyscallError("epoll_create1", err)
		}
		defer unix.Close(fd)
	}
	return nil
}
