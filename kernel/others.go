package kernel

import (
	"bytes"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// ServiceVariable is the variable in a service's environment that holds its
// name. It is how a daemon that has left its service's group, session and parents behind can
// still be told from everybody else's.
const ServiceVariable = "SEXTON_SERVICE"

// Others lists the processes that SignalRest reaches: as the first process all
// of the namespace but us, otherwise our descendants. Zombies are left out. It
// is nil where /proc shows nobody (not mounted, or hidepid).
//
// As the first process it looks no longer than it is given: a fork bomb leaves ten
// thousand zombies in its wake, and us little of the processors. Otherwise who descends
// from us is only known when all have been seen.
func (k *Linux) Others(most time.Duration) []proc.Other {
	self := proc.PID(os.Getpid())
	by := time.Now().Add(most)
	first := k.First()
	pids := processes()
	if !first {
		pids = slices.Values(descendants(self))
	}
	var others []proc.Other
	for pid := range pids {
		if first && time.Now().After(by) {
			break
		}
		if pid == self {
			continue
		}
		if s, ok := statOf(pid); ok && !s.dead {
			others = append(others, s.Other)
		}
	}
	return others
}

// ServiceOf reads ServiceVariable out of a process's environment; "" where it is
// not there, or not to be read (another user's, without CAP_SYS_PTRACE).
func (*Linux) ServiceOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	buffer := make([]byte, 64<<10) // a longer one is not worth it
	buffer = buffer[:readInto(procFile(pid, "environ"), buffer)]
	for entry := range bytes.SplitSeq(buffer, []byte{0}) {
		if name, ok := bytes.CutPrefix(entry, []byte(ServiceVariable+"=")); ok {
			return string(name)
		}
	}
	return ""
}

// SignalOther signals o if its number still is its own: the process is held by
// a pidfd first, and then looked at again.
func (k *Linux) SignalOther(o proc.Other, sig proc.Signal) {
	same := func() bool {
		s, ok := statOf(o.PID)
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
