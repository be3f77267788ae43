package procfs

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"time"

	"sexton/proc"
)

// ServiceVariable is the variable in a service's environment that holds the service's
// name. It identifies a daemon that has left the group, the session and the parents of its
// service.
const ServiceVariable = "SEXTON_SERVICE"

// Others lists the living processes that SignalAll reaches: for the first process, everything
// in the namespace except ourselves, otherwise our descendants. It
// returns nil if /proc shows no processes (not mounted, or hidepid).
//
// As the first process it stops looking after most: a fork bomb may leave ten
// thousand zombies, and little processor time for us. Otherwise it takes as long as needed, since the descendants
// are only known when all processes have been read.
func (v *View) Others(most time.Duration) []proc.Other {
	self := proc.PID(os.Getpid())
	by := time.Now().Add(most)
	first := v.First()
	pids := Processes()
	if !first {
		pids = slices.Values(Descendants(self))
	}
	var others []proc.Other
	for pid := range pids {
		if first && time.Now().After(by) {
			break
		}
		if pid == self {
			continue
		}
		if s, ok := StatOf(pid); ok && !s.Dead {
			others = append(others, s.Other)
		}
	}
	return others
}

// ServiceOf reads ServiceVariable from a process's environment; "" if it is
// not there, or cannot be read (another user's process, without CAP_SYS_PTRACE).
func (*View) ServiceOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	buffer := make([]byte, 64<<10) // the rest of a longer environment is ignored
	buffer = buffer[:readInto(procFile(pid, "environ"), buffer)]
	for entry := range bytes.SplitSeq(buffer, []byte{0}) {
		if name, ok := bytes.CutPrefix(entry, []byte(ServiceVariable+"=")); ok {
			return string(name)
		}
	}
	return ""
}

// NameOf returns the name of a process (proc_pid_comm(5)); "" if the process is
// gone or hidden from us. A name may contain any bytes, so it passes through
// proc.Visible.
func (*View) NameOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	name := strings.TrimSuffix(ReadSmall(procFile(pid, "comm")), "\n")
	return proc.Visible(name)
}

// First reports whether we are the first process of our PID namespace, which
// adopts all orphans.
func (*View) First() bool { return os.Getpid() == 1 }
