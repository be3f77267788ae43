package control

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A client distinguishes the sexton of its own container, that of another container, and
// an impostor: any user can listen in /dev/shm.

// verify returns an error, with the reason, unless the sexton of our own container
// listens.
//
// The kernel tells which process listens and its user (unix(7), SO_PEERCRED), and its
// mount namespace if we are allowed to see it (proc_pid_ns(5)). If we are not, as another
// user, Request.Namespace lets an honest sexton of another container refuse.
func verify(who unix.Ucred, own string) error {
	if who.Pid == 0 {
		return fmt.Errorf("another container's sexton answers there: it is in another PID namespace")
	}
	theirs := namespaceOf(who)
	if theirs != "" && strings.HasPrefix(own, "mnt:") && theirs != own {
		return fmt.Errorf("another container's sexton answers there: pid %d is in mount namespace %s, and we are in %s", who.Pid, theirs, own)
	}
	if trusted(who, theirs != "") {
		return nil
	}
	return fmt.Errorf("UID %d (pid %d) answers there, which is neither root nor UID %d nor the container's first process, so it was not asked", int32(who.Uid), who.Pid, os.Geteuid())
}

// trusted tells whether a process may answer for the container: it is root, our own user,
// or the container's first process (`docker exec -u 0` in a container that runs as another
// user). here: it is known to be in our mount namespace.
//
// In a PID namespace of several containers the first process of each has its parent
// outside, so that its parent is 0. Under `docker run --init` sexton is not the first one, but its user is the
// same.
func trusted(who unix.Ucred, here bool) bool {
	if who.Uid == 0 || int(who.Uid) == os.Geteuid() || who.Pid == 1 {
		return true
	}
	if !here {
		return false
	}
	if parent, known := parentOf(who.Pid); known && parent == 0 {
		return true
	}
	var first unix.Stat_t
	return unix.Stat("/proc/1", &first) == nil && first.Uid == who.Uid &&
		namespaceOf(unix.Ucred{Pid: 1, Uid: first.Uid, Gid: first.Gid}) == Namespace() // and not a pod's pause process
}

// namespaceOf is the mount namespace of a process; "": unknown.
//
// ptrace(2), "Ptrace access mode checking": a process can read the link if it
// has the same user and group IDs and no fewer capabilities, or CAP_SYS_PTRACE. Root in a container does not have that, but can become the user.
func namespaceOf(who unix.Ucred) string {
	path := fmt.Sprintf("/proc/%d/ns/mnt", who.Pid)
	link, err := os.Readlink(path)
	if err == nil || os.Geteuid() != 0 || who.Uid == 0 {
		return link
	}
	done := make(chan string)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread is another user now, and ends with the goroutine
		if unix.Setfsgid(int(who.Gid)) == nil && unix.Setfsuid(int(who.Uid)) == nil {
			link, _ = os.Readlink(path)
		}
		done <- link
	}()
	return <-done
}

// parentOf is the parent of a process (proc_pid_stat(5)).
func parentOf(pid int32) (parent int, known bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	if len(fields) < 2 {
		return 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, err == nil
}
