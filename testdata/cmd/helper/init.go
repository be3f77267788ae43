package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// plainInit is a minimal init: it runs one command in a group of its own, forwards
// every signal that os/signal shows, reaps dead children, and ends as the command
// ended. The tests of the story runner run under it, so that only the runner can make
// them fail.
//
//	plain-init [--] COMMAND [ARG...]
func plainInit(words) int {
	args := os.Args[1:]
	for len(args) > 0 && (args[0] == "plain-init" || args[0] == "--") {
		args = args[1:]
	}
	if len(args) == 0 {
		return 64
	}
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals)
	path, err := exec.LookPath(args[0])
	if err != nil {
		return 127
	}
	runtime.LockOSThread()
	child, err := syscall.ForkExec(path, args, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &unix.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 126
	}
	for sig := range signals {
		switch sig {
		case unix.SIGURG:
		case unix.SIGCHLD:
			if status, over := reap(child); over {
				return status
			}
		default:
			unix.Kill(-child, sig.(unix.Signal))
		}
	}
	return 70
}

// reap reaps every dead child and tells whether the command was among them, and
// with which status.
func reap(child int) (status int, over bool) {
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid == 0 {
			return status, over
		}
		if pid == child {
			status, over = ws.ExitStatus(), true
			if ws.Signaled() {
				status = 128 + int(ws.Signal())
			}
		}
	}
}
