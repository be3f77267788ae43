package main_test

import (
	"fmt"
	"os"
	"os/exec"
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
	children := fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)
	for text := []byte(nil); len(text) == 0; {
		var err error
		if text, err = os.ReadFile(children); err != nil {
			t.Skipf("the kernel does not tell whose child is whose: %v", err)
		}
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), stderr.String()
}
