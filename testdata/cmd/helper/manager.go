package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// manager stands for systemd: it becomes a receiver of sd_notify(3) messages, in a child, and then the
// command, with NOTIFY_SOCKET and three sockets to listen on, for itself alone:
//
//	manager ADDRESS FILE COMMAND [ARG...]
//
// ADDRESS is a path, or "@" and a name. The messages go to FILE, one a line, a blank for each newline.
func manager(w words) int {
	args := os.Args[1:]
	if args[0] == "manager" {
		args = args[1:]
	}
	if args[0] == "receive" {
		return receive(w, args[1], args[2])
	}
	cmd := exec.Command("/proc/self/exe", "manager", "receive", args[0], args[1])
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return w.fail(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it listens
		return w.fail(err)
	}
	for fd := 3; fd < 6; fd++ {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err == nil {
			err = unix.Dup3(pair[0], fd+20, 0)
		}
		if err != nil {
			return w.fail(err)
		}
	}
	path, err := exec.LookPath(args[2])
	if err != nil {
		return w.fail(err)
	}
	env := append(os.Environ(), "NOTIFY_SOCKET="+args[0], "LISTEN_FDS=3", "LISTEN_FDNAMES=a:b:c", fmt.Sprintf("LISTEN_PID=%d", os.Getpid()), "WATCHDOG_USEC=1")
	return w.fail(unix.Exec(path, args[2:], env))
}

func receive(w words, address, file string) int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: address})
	}
	if err != nil {
		return w.fail(err)
	}
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return w.fail(err)
	}
	fmt.Println("listens")
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buffer)
		if err != nil {
			return w.fail(err)
		}
		fmt.Fprintln(log, strings.ReplaceAll(string(buffer[:n]), "\n", " "))
	}
}
