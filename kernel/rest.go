package kernel

import (
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
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
		for _, pid := range descendants(os.Getpid()) {
			signalDescendant(pid, sig)
		}
	}
	return true // a zombie of ours is somebody too: it is to be reaped before we go
}

// signalDescendant makes sure that the number still is a descendant of ours
// when the signal goes out: a pidfd first, then the look at its parents, then the
// signal through the pidfd.
func signalDescendant(pid int, sig proc.Signal) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == nil {
		defer unix.Close(fd)
		if descends(pid, os.Getpid()) {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
		}
		return
	}
	if errnoOf(err) != unix.ESRCH { // a kernel before 5.3
		_ = unix.Kill(pid, unix.Signal(sig))
	}
}

// descendants lists every process below ancestor, zombies left out.
func descendants(ancestor int) []int {
	parent := make(map[int]int)
	dead := make(map[int]bool)
	for pid := range processes() {
		if fields := statFields(pid); len(fields) > 1 {
			parent[pid], _ = strconv.Atoi(fields[1])
			dead[pid] = fields[0] == "Z" || fields[0] == "X"
		}
	}
	var found []int
	for pid := range parent {
		if dead[pid] {
			continue
		}
		for up, steps := parent[pid], 0; up != 0 && steps < len(parent)+1; up, steps = parent[up], steps+1 {
			if up == ancestor {
				found = append(found, pid)
				break
			}
		}
	}
	return found
}

// descends walks from pid up to ancestor, if that is where it leads.
func descends(pid, ancestor int) bool {
	for steps := 0; steps < 1<<12 && pid > 1; steps++ {
		fields := statFields(pid)
		if len(fields) < 2 {
			return false
		}
		pid, _ = strconv.Atoi(fields[1])
		if pid == ancestor {
			return true
		}
	}
	return false
}

// NameOf is what the process calls itself (proc_pid_comm(5)); "" when it is
// gone or hidden from us. A name may hold any byte: what is no character to be
// shown becomes a question mark, so that nobody writes lines of ours.
func (*Linux) NameOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	name := strings.TrimSuffix(string(readSmall("/proc/"+strconv.Itoa(int(pid))+"/comm")), "\n")
	return strings.Map(func(r rune) rune {
		if r < ' ' || '\x7f' <= r && r < '\u00a0' || r == utf8.RuneError {
			return '?'
		}
		return r
	}, name)
}
