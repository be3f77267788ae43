package procfs

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/proc"
)

// This file finds out which processes descend from which.

// Children lists the children of our main thread, including zombies: the processes that were started
// on that thread, and adopted orphans, since the kernel gives orphans to the first living thread. ok is false if /proc does not
// show them. It is one small read, however many processes there are. So it is a cheap proof that we have no
// descendants except the children that we know and their descendants.
func (v *View) Children() (pids []proc.PID, ok bool) {
	if !ownProc() {
		return nil, false
	}
	self := proc.PID(os.Getpid())
	return v.childrenOfThread(self, strconv.Itoa(int(self)))
}

// Below lists the living descendants of roots, by their parents, without the roots
// themselves. It stops looking after most, so a fork bomb can hide
// some of them. It returns nil if /proc shows no processes.
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

// Look returns one process as it is now; ok is false if it is dead, gone or hidden. Zero means
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

// UserOf returns the real user of a process, which a process cannot hide; -1 if it is not known.
// Zero means ourselves.
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

// scan reads all processes that /proc shows, until by.
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
// (proc_pid_task_tid_children(5)). ok is false if the kernel has no such lists; a process
// that is gone has no children. The list is exact except for children that are made or die
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

// singleThreaded reports whether a process certainly has at most one thread. The directory task has a link for each thread
// (proc_task_getattr of fs/proc/base.c). Reading the stat file costs three system calls instead of one.
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
	return pidsOf(buffer[:n]), true
}

// pidsOf reads a list of numbers, each with a blank behind it. It allocates only what it returns: PID 1 reads
// the list of its thousand children after each look, and garbage would bring the collector back.
func pidsOf(list []byte) []proc.PID {
	count := bytes.Count(list, []byte{' '})
	if count == 0 {
		return nil
	}
	pids := make([]proc.PID, 0, count)
	pid := 0
	for _, c := range list {
		if c == ' ' {
			pids, pid = append(pids, proc.PID(pid)), 0
		} else {
			pid = 10*pid + int(c-'0')
		}
	}
	return pids
}

// hasChildrenFile reports whether the kernel has such files at all.
func hasChildrenFile() bool {
	var stat unix.Stat_t
	return unix.Stat("/proc/thread-self/children", &stat) == nil
}

// Descendants lists every living process below ancestor.
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

// Descends reports whether ancestor is a parent of pid, directly or indirectly.
func Descends(pid, ancestor proc.PID) bool {
	for steps := 0; steps < 1<<12 && pid > 1; steps++ {
		s, _ := StatOf(pid)
		if pid = s.Parent; pid == ancestor {
			return true
		}
	}
	return false
}
