package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A clock that is set back by an hour during a shutdown, and put right again,
// makes it neither longer nor shorter: a service that ignores TERM is killed in time.
func TestClockSetBackDuringShutdown(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("setting the clock needs root")
	}
	setClock(t, 0)
	sexton, helpers := builtFor(t)
	file := filepath.Join(t.TempDir(), "sexton.toml")
	text := "[init]\ngrace = \"2s\"\n[service.deaf]\ncommand = [\"" + helpers + "/ignore-term\", \"deaf\"]\nrestart = \"never\"\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, by := range []time.Duration{-time.Hour, time.Hour} {
		cmd := exec.Command(sexton, "-c", file)
		var out output
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		soon(t, "the service", func() bool { return strings.Contains(out.text(), "deaf up") })
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		soon(t, "TERM at the service", func() bool { return strings.Contains(out.text(), "in spite of") })
		setClock(t, by)
		bound := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		bound.Stop()
		took := time.Since(began)
		setClock(t, -by)
		if cmd.ProcessState.ExitCode() != 137 || took < time.Second || took > 2200*time.Millisecond {
			t.Errorf("the clock set by %v: %v after %v, want status 137 within 2s\n%s", by, err, took, out.text())
		}
	}
}

// setClock moves the machine's clock; it skips where that is not allowed.
func setClock(t *testing.T, by time.Duration) {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Fatal(err)
	}
	now = unix.NsecToTimespec(now.Nano() + int64(by))
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Skipf("the clock cannot be set here: %v", err)
	}
}
