package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminal prints what it knows about the terminal on its descriptors, and ends:
//
//	terminal [NAME]
//	NAME: terminals 0 1 2, size 24x80, echo false, onlcr false, canonical true
//	NAME: controlling true, leader true, foreground true, same true, others none, TERM xterm
func terminal(w words) int {
	name := w.arg(0, "terminal")
	var terminals, others []string
	for fd := range 3 {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			terminals = append(terminals, fmt.Sprint(fd))
		}
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return w.fail(err)
	}
	for _, e := range entries {
		// Those of Go's runtime and of ReadDir are close-on-exec, and were not given to us.
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if strings.HasPrefix(target, "/dev/pt") && e.Name() > "2" {
			others = append(others, e.Name()+" "+target)
		}
	}
	if others == nil {
		others = []string{"none"}
	}
	size, modes := &unix.Winsize{}, &unix.Termios{}
	if found, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ); err == nil {
		size = found
	}
	if found, err := unix.IoctlGetTermios(1, unix.TCGETS); err == nil {
		modes = found
	}
	fmt.Printf("%s: terminals %s, size %dx%d, echo %v, onlcr %v, canonical %v\n", name, strings.Join(terminals, " "), size.Row, size.Col,
		modes.Lflag&unix.ECHO != 0, modes.Oflag&unix.ONLCR != 0, modes.Lflag&unix.ICANON != 0)
	own, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	session, _ := unix.Getsid(0)
	group, _ := unix.IoctlGetInt(1, unix.TIOCGPGRP)
	var out, errs unix.Stat_t
	same := unix.Fstat(1, &out) == nil && unix.Fstat(2, &errs) == nil && out.Rdev == errs.Rdev && out.Ino == errs.Ino
	fmt.Fprintf(os.Stderr, "%s: controlling %v, leader %v, foreground %v, same %v, others %s, TERM %s\n", name, err == nil && own >= 0,
		session == os.Getpid(), group == unix.Getpgrp(), same, strings.Join(others, ", "), os.Getenv("TERM"))
	return w.count("status", 0)
}
