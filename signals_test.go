package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/story"
)

// starts is how often TestNoSignalIsLostBetweenForkAndExec starts a command.
const starts = 1000

// TestNoSignalIsLostBetweenForkAndExec sends TERM the moment that the command's
// process exists, before its exec perhaps. It must reach the program every
// time: `sleep` dies of it, and that is our status. tini -g loses one in four.
func TestNoSignalIsLostBetweenForkAndExec(t *testing.T) {
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	for i := range starts {
		if status, said := termAtBirth(t, binary); status != 128+int(unix.SIGTERM) {
			t.Fatalf("start %d: the status is %d, not 143; it said: %s", i, status, said)
		}
	}
}

// termAtBirth starts a command, sends TERM to its init as soon as the command
// has a process, and returns the exit status.
func termAtBirth(t *testing.T, binary string) (status int, said string) {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(binary, "--", "sleep", "30")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	bound := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer bound.Stop()
	for !hasChild(t, pid) {
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// hasChild tells whether any thread of a process has made a child, or the
// process has ended.
func hasChild(t *testing.T, pid int) bool {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			t.Skipf("the kernel does not tell whose child is whose: %v", err)
		}
		if len(text) > 0 {
			return true
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
