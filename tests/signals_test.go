package tests

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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

// TestTheLoopIsOnTheMainThread starts services from a file that comes slowly, so that the
// runtime has every reason to go on with another thread behind it. The loop must be
// on the main one anyway, and only that one takes signals: on any other a flood
// of them kept PID 1 in its handler for ever.
func TestTheLoopIsOnTheMainThread(t *testing.T) {
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sexton.toml")
	if err := unix.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		cmd := exec.Command(binary, "-c", file)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		bound := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		text := "[control]\nsocket = \"off\"\n[service.web]\ncommand = [\"sleep\", \"30\"]\n"
		if err := os.WriteFile(file, []byte(text), 0); err != nil { // waits for who reads
			t.Fatal(err)
		}
		said, _ := bufio.NewReader(stderr).ReadString('\n')
		if !strings.Contains(said, "web: up") {
			t.Fatalf("it said %q", said)
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Process.Signal(unix.SIGTERM)
		_, _ = io.Copy(io.Discard, stderr)
		_ = cmd.Wait()
		bound.Stop()
		if !strings.Contains(string(status), "\nSigBlk:\t0000000000000000\n") {
			t.Fatalf("the main thread takes no signals:\n%s", status)
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
