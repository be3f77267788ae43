// Floor is the smallest init that can be written in Go: it starts a command and
// waits for it, and catches no signal. What it costs, every init in Go costs.
package main

import (
	"os"
	"syscall"
)

func main() {
	argv := os.Args[1:]
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		os.Exit(127)
	}
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			os.Exit(status.ExitStatus())
		}
	}
}
