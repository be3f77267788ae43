package kernel

import (
	"os"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// SignalAll sends sig to every process that is left: as the first process,
// to all of the namespace (kill(2), -1); otherwise to our descendants alone. It tells
// whether there was anybody. Sig 0 only asks.
func (k *Linux) SignalAll(sig proc.Signal) bool {
	if k.First() {
		return unix.Kill(-1, unix.Signal(sig)) != unix.ESRCH
	}
	if _, _, children, err := k.Peek(); err == nil && !children {
		return false // what descends from us descends from a child of ours
	}
	if sig != 0 {
		for _, pid := range procfs.Descendants(proc.PID(os.Getpid())) {
			signalDescendant(pid, sig)
		}
	}
	return true // a zombie of ours is somebody too: it is to be reaped before we go
}

// signalDescendant makes sure that the number still is a descendant of ours
// when the signal goes out: a pidfd first, then the look at its parents, then the
// signal through the pidfd.
func signalDescendant(pid proc.PID, sig proc.Signal) {
	fd, err := unix.PidfdOpen(int(pid), 0)
	if err == nil {
		defer unix.Close(fd)
		if procfs.Descends(pid, proc.PID(os.Getpid())) {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
		}
		return
	}
	if errnoOf(err) != unix.ESRCH { // a kernel before 5.3
		_ = unix.Kill(int(pid), unix.Signal(sig))
	}
}

// SignalOther signals o if its number still is its own: the process is held by
// a pidfd first, and then looked at again.
func (*Linux) SignalOther(o proc.Other, sig proc.Signal) {
	same := func() bool {
		s, ok := procfs.StatOf(o.PID)
		return ok && s.Started == o.Started
	}
	fd, err := unix.PidfdOpen(int(o.PID), 0)
	if err == nil {
		defer unix.Close(fd)
		if same() {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
		}
		return
	}
	if errnoOf(err) != unix.ESRCH && same() { // a kernel before 5.3
		_ = unix.Kill(int(o.PID), unix.Signal(sig))
	}
}
