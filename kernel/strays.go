package kernel

import (
	"os"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// SignalAll sends sig to every remaining process: as the first process,
// to the whole namespace (kill(2), -1); otherwise to our descendants. It reports
// whether there was a process. Sig 0 sends nothing.
func (k *Linux) SignalAll(sig proc.Signal) bool {
	if k.First() {
		return unix.Kill(-1, unix.Signal(sig)) != unix.ESRCH
	}
	if _, _, children, err := k.Peek(); err == nil && !children {
		return false // without a child there is no descendant
	}
	if sig != 0 {
		for _, pid := range procfs.Descendants(proc.PID(os.Getpid())) {
			signalDescendant(pid, sig)
		}
	}
	return true // our zombie counts too: we must reap it before we leave
}

// signalDescendant makes sure that the number still is a descendant of ours
// when we send the signal: first we open a pidfd, then we check its parents, then we send the
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

// SignalOther signals o if the number still belongs to it: we open
// a pidfd first, and then check the process again.
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
