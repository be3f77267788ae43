package kernel

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// This file contains requests to the kernel that concern our own process.

// SetParentDeath asks for sig when our own parent dies
// (PR_SET_PDEATHSIG, prctl(2)).
func SetParentDeath(sig proc.Signal) error {
	return os.NewSyscallError("prctl PR_SET_PDEATHSIG", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0))
}

// Suspend stops us, as Ctrl-Z stops a program, until another process continues us. The
// first process of a PID namespace cannot be stopped from inside the namespace, so Suspend does
// nothing there (kill(2), pid_namespaces(7)).
func (*Linux) Suspend() { _ = unix.Kill(unix.Getpid(), unix.SIGSTOP) }

// AdoptOrphans makes us the parent of every orphan among our descendants
// (PR_SET_CHILD_SUBREAPER). The first process of a namespace adopts them anyway.
func (*Linux) AdoptOrphans() error {
	return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// AdoptsOrphans reports whether AdoptOrphans was called, by us or by the program
// that executed us.
func (*Linux) AdoptsOrphans() bool {
	var on int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&on)), 0, 0, 0)
	return err == nil && on != 0
}

// MayOpen checks that n more descriptors are available. Go's poller needs two when it
// starts, beside an open file or socket, and the runtime ends the process if it does not get
// them. Call it before the first use of package os or net.
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
