package procfs

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"time"

	"sexton/proc"
)

// ServiceVariable is the variable in a service's environment that holds its
// name. It is how a daemon that has left its service's group, session and parents behind can
// still be told from everybody else's.
const ServiceVariable = "SEXTON_SERVICE"

// Others lists the processes that SignalAll reaches: as the first process all
// of the namespace but us, otherwise our Descendants. Zombies are left out. It
// is nil where /proc shows nobody (not mounted, or hidepid).
//
// As the first process it looks no longer than it is given: a fork bomb leaves ten
// thousand zombies in its wake, and us little of the processors. Otherwise who descends
// from us is only known when all have been seen.
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

// ServiceOf reads ServiceVariable out of a process's environment; "" where it is
// not there, or not to be read (another user's, without CAP_SYS_PTRACE).
func (*View) ServiceOf(pid proc.PID) string {
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

// NameOf is what the process calls itself (proc_pid_comm(5)); "" when it is
// gone or hidden from us. A name may hold any byte, so it is made
// visible (proc.Visible).
func (*View) NameOf(pid proc.PID) string {
	if !ownProc() {
		return ""
	}
	name := strings.TrimSuffix(ReadSmall(procFile(pid, "comm")), "\n")
	return proc.Visible(name)
}

// First tells whether we are the first process of our PID namespace, whose
// children all orphans become.
func (*View) First() bool { return os.Getpid() == 1 }
