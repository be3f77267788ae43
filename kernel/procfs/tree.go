package procfs

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/proc"
)

// Who descends from whom.

// Children lists the children of our main thread, zombies among them: the orphans that came
// to us, for the kernel gives those to the first thread that is alive, and what was started
// on that thread. ok is false where /proc does not tell. It is one small read however
// many processes there are, so it is the cheap proof that nothing else descends from us than
// what descends from the children that we know.
func (v *View) Children() (pids []proc.PID, ok bool) {
	if !ownProc() {
		return nil, false
	}
	self := proc.PID(os.Getpid())
	return v.childrenOfThread(self, strconv.Itoa(int(self)))
}

// Below lists the living processes that descend from roots by their parents, the roots
// themselves left out. It looks no longer than it is given, so a fork bomb can hide what
// comes behind it. It is nil where /proc shows nobody.
func (v *View) Below(roots []proc.PID, most time.Duration) (found []proc.Other) {
	if !ownProc() {
		return nil
	}
	by := time.Now().Add(most)
	children := v.childrenOf
	seen := make(map[proc.PID]bool, len(roots))
	for _, root := range roots {
		seen[root] = true
	}
	for queue := append([]proc.PID(nil), roots...); len(queue) > 0 && time.Now().Before(by); queue = queue[1:] {
		below, ok := children(queue[0])
		if !ok { // a kernel without CONFIG_PROC_CHILDREN
			children = childrenIn(scan(by))
			below, _ = children(queue[0])
		}
		for _, pid := range below {
			if s, ok := StatOf(pid); ok && !s.Dead && !seen[pid] {
				seen[pid] = true
				found, queue = append(found, s.Other), append(queue, pid)
			}
		}
	}
	return found
}

// Look is one process as it is now; ok is false when it is dead, gone or hidden. Zero is
// ourselves.
func (*View) Look(pid proc.PID) (o proc.Other, ok bool) {
	if !ownProc() {
		return proc.Other{}, false
	}
	if pid == 0 {
		pid = proc.PID(os.Getpid())
	}
	s, ok := StatOf(pid)
	return s.Other, ok && !s.Dead
}

// UserOf is the real user of a process, which it cannot hide; -1 where that is not known.
// Zero is ourselves.
func (*View) UserOf(pid proc.PID) int {
	if pid == 0 {
		return os.Getuid()
	}
	if !ownProc() {
		return -1
	}
	buffer := make([]byte, 4096)
	for line := range bytes.Lines(buffer[:readInto(procFile(pid, "status"), buffer)]) {
		if ids, ok := bytes.CutPrefix(line, []byte("Uid:\t")); ok {
			real, _, _ := bytes.Cut(ids, []byte{'\t'})
			if uid, err := strconv.Atoi(string(real)); err == nil {
				return uid
			}
		}
	}
	return -1
}

// scan is everybody that /proc shows until by.
func scan(by time.Time) []Stat {
	var all []Stat
	for pid := range Processes() {
		if time.Now().After(by) {
			break
		}
		if s, ok := StatOf(pid); ok {
			all = append(all, s)
		}
	}
	return all
}

func childrenIn(all []Stat) func(proc.PID) ([]proc.PID, bool) {
	children := make(map[proc.PID][]proc.PID, len(all))
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s.PID)
	}
	return func(pid proc.PID) ([]proc.PID, bool) { return children[pid], true }
}

// childrenOf lists the children of all threads of a process
// (proc_pid_task_tid_children(5)). ok is false where the kernel does not tell; of a process
// that is gone there are none. The list is exact for those that neither fork nor die
// meanwhile.
func (v *View) childrenOf(pid proc.PID) (children []proc.PID, ok bool) {
	first := strconv.Itoa(int(pid))
	if children, ok = v.childrenOfThread(pid, first); !ok {
		return nil, false
	}
	if singleThreaded(pid) {
		return children, true
	}
	fd, err := unix.Open(procFile(pid, "task"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return children, true
	}
	dir := os.NewFile(uintptr(fd), "task")
	defer dir.Close()
	for {
		names, _ := dir.Readdirnames(100)
		if len(names) == 0 {
			return children, true
		}
		for _, thread := range names {
			if thread != first {
				more, _ := v.childrenOfThread(pid, thread)
				children = append(children, more...)
			}
		}
	}
}

// singleThreaded tells whether a process surely has one thread at most. A directory task has a link for each thread
// (proc_task_getattr of fs/proc/base.c), which costs a third of what reading the stat file does.
func singleThreaded(pid proc.PID) bool {
	name := append([]byte(procFile(pid, "task")), 0)
	at := unix.AT_FDCWD
	var stat unix.Stat_t
	_, _, errno := syscall.RawSyscall6(entry.FstatatCall, uintptr(at), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&stat)), 0, 0, 0)
	return errno == unix.ENOENT || errno == 0 && stat.Nlink == 2+1
}

func (v *View) childrenOfThread(pid proc.PID, thread string) (children []proc.PID, ok bool) {
	buffer := make([]byte, 1024)
	n, ok := readRaw(procFile(pid, "task/"+thread+"/children"), buffer)
	for ok && n == len(buffer) { // there may be more
		buffer = make([]byte, 8*n)
		n, ok = readRaw(procFile(pid, "task/"+thread+"/children"), buffer)
	}
	if !ok {
		return nil, hasChildrenFile()
	}
	for word := range strings.FieldsSeq(string(buffer[:n])) {
		if child, err := strconv.Atoi(word); err == nil {
			children = append(children, proc.PID(child))
		}
	}
	return children, true
}

// hasChildrenFile tells whether the kernel has such files at all.
func hasChildrenFile() bool {
	var stat unix.Stat_t
	return unix.Stat("/proc/thread-self/children", &stat) == nil
}

// Descendants lists every process below ancestor, zombies left out.
func Descendants(ancestor proc.PID) []proc.PID {
	all := make(map[proc.PID]Stat)
	for pid := range Processes() {
		if s, ok := StatOf(pid); ok {
			all[pid] = s
		}
	}
	var found []proc.PID
	for pid, s := range all {
		if s.Dead {
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

// Descends walks from pid up to ancestor, if that is where it leads.
func Descends(pid, ancestor proc.PID) bool {
	for steps := 0; steps < 1<<12 && pid > 1; steps++ {
		s, _ := StatOf(pid)
		if pid = s.Parent; pid == ancestor {
			return true
		}
	}
	return false
}
