package kernel

import (
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// First tells whether we are the first process of our PID namespace, whose
// children all orphans become.
func (*Linux) First() bool { return os.Getpid() == 1 }

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

// SignalRest sends sig to every process that is left: as the first process,
// to all of the namespace (kill(2), -1); otherwise to our descendants alone. It tells
// whether there was anybody. Sig 0 only asks.
func (k *Linux) SignalRest(sig proc.Signal) bool {
	if k.First() {
		return unix.Kill(-1, unix.Signal(sig)) != unix.ESRCH
	}
	if _, _, children, err := k.Peek(); err == nil && !children {
		return false // what descends from us descends from a child of ours
	}
	if sig != 0 {
		for _, pid := range descendants(proc.PID(os.Getpid())) {
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
		if descends(pid, proc.PID(os.Getpid())) {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
		}
		return
	}
	if errnoOf(err) != unix.ESRCH { // a kernel before 5.3
		_ = unix.Kill(int(pid), unix.Signal(sig))
	}
}

// descendants lists every process below ancestor, zombies left out.
func descendants(ancestor proc.PID) []proc.PID {
	all := make(map[proc.PID]stat)
	for pid := range processes() {
		if s, ok := statOf(pid); ok {
			all[pid] = s
		}
	}
	var found []proc.PID
	for pid, s := range all {
		if s.dead {
			continue
		}
		for up, steps := s.Parent, 0; up != 0 && steps <= len(all); up, steps = all[up].Parent, steps+1 {
			if up == ancestor {
				found = append(found, pid)
				break
			}
		}
	}
	return found
}

// descends walks from pid up to ancestor, if that is where it leads.
func descends(pid, ancestor proc.PID) bool {
	for steps := 0; steps < 1<<12 && pid > 1; steps++ {
		s, _ := statOf(pid)
		if pid = s.Parent; pid == ancestor {
			return true
		}
	}
	return false
}

// NameOf is what the process calls itself (proc_pid_comm(5)); "" when it is
// gone or hidden from us. A name may hold any byte, so it is made
// visible (proc.Visible).
func (*Linux) NameOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	name := strings.TrimSuffix(readSmall(procFile(pid, "comm")), "\n")
	return proc.Visible(name)
}
