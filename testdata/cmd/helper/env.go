package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// printEnv prints everything that a process gets from its parent, one line each,
// "key: value". Words select the keys to print; without any, it prints all.
//
// Go's runtime has changed the masks and the limit of descriptors: it unblocks some
// signals and raises the soft limit. If these matter, let grep read
// /proc/self/status.
func printEnv(w words) int {
	say := func(key, format string, args ...any) {
		if len(w.args) == 0 || slices.Contains(w.args, key) {
			fmt.Printf(key+": "+format+"\n", args...)
		}
	}
	say("argv", "%q", os.Args)
	dir, _ := os.Getwd()
	say("cwd", "%s", dir)
	mask := unix.Umask(0)
	unix.Umask(mask)
	say("umask", "%04o", mask)
	groups, _ := os.Getgroups()
	slices.Sort(groups)
	say("uid", "%d", os.Getuid())
	say("gid", "%d", os.Getgid())
	say("groups", "%v", groups)
	session, _ := unix.Getsid(0)
	say("pid", "%d", os.Getpid())
	say("ppid", "%d", os.Getppid())
	say("leads", "group=%v session=%v", unix.Getpgrp() == os.Getpid(), session == os.Getpid())
	foreground, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	if err != nil {
		foreground = -1
	}
	say("foreground", "%v", foreground == unix.Getpgrp())
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	say("nice", "%d", 20-nice)
	for _, key := range []string{"SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"} {
		say(key, "%s", fromStatus(key))
	}
	for _, fd := range descriptors() {
		say("fd", "%s", fd)
	}
	for _, pair := range slices.Sorted(slices.Values(os.Environ())) {
		say("env", "%s", pair)
	}
	return 0
}

// fromStatus is one line of /proc/self/status.
func fromStatus(key string) string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "none"
}

// descriptors lists what was open when the program started: number, access
// mode, and where it leads. The runtime's own (eventpoll and its waker) are
// close-on-exec; inherited descriptors are not.
func descriptors() []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, entry := range entries {
		fd, _ := strconv.Atoi(entry.Name())
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		if kind, _, ok := strings.Cut(target, ":["); ok {
			target = kind
		}
		status, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		mode := [...]string{"read", "write", "both", "?"}[status&unix.O_ACCMODE]
		if status&unix.O_NONBLOCK != 0 {
			mode += " nonblock"
		}
		out = append(out, fmt.Sprintf("%d %s %s", fd, mode, target))
	}
	return out
}

// at changes to a directory and becomes a command: at DIR COMMAND [ARG...]
func at(words) int {
	args := os.Args
	for args[0] != "at" && len(args) > 3 {
		args = args[1:]
	}
	w := parse("at", nil)
	if err := os.Chdir(args[1]); err != nil {
		return w.fail(err)
	}
	path, err := exec.LookPath(args[2])
	if err != nil {
		w.fail(err)
		return 127
	}
	return w.fail(fmt.Errorf("exec %s: %w", path, unix.Exec(path, args[2:], os.Environ())))
}
