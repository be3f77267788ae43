package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// joinGroup tries to join the process group of another process, prints the result and
// lives until KILL:
//
//	join-group NAME
//	joins NAME: operation not permitted
//
// NAME is the kernel's name of a process; the first one of that name is used.
func joinGroup(w words) int {
	name := w.arg(0, "")
	signal.Ignore(unix.SIGTERM)
	for {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return w.fail(err)
		}
		for _, e := range entries {
			comm, _ := os.ReadFile("/proc/" + e.Name() + "/comm")
			pid, err := strconv.Atoi(e.Name())
			if err == nil && strings.TrimSpace(string(comm)) == name {
				fmt.Printf("joins %s: %v\n", name, unix.Setpgid(0, pid))
				for {
					_ = unix.Pause()
				}
			}
		}
	}
}
