package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pidFile handles a PID file as postgres does: if the PID in it belongs to another living
// process, it refuses to start, with status 3. It lives until TERM.
//
//	pid-file FILE
//	pid-file: 24 started
//	pid-file: FILE says 3, which lives
func pidFile(w words) int {
	path := w.arg(0, "")
	if text, err := os.ReadFile(path); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return w.fail(err)
		}
		if pid != os.Getpid() && pid != os.Getppid() && !errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			fmt.Printf("pid-file: %s says %d, which lives\n", path, pid)
			return 3
		}
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, unix.SIGTERM)
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return w.fail(err)
	}
	fmt.Printf("pid-file: %d started\n", os.Getpid())
	<-term
	return 0
}
