package procfs

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// A process may call itself what looks like the fields behind its name.
func TestStatOfReadsBehindAnyName(t *testing.T) {
	const comm = "/proc/self/comm"
	before, err := os.ReadFile(comm)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(comm, before, 0) })
	if err := os.WriteFile(comm, []byte("a) Z 7 7 7 ("), 0); err != nil {
		t.Fatal(err)
	}
	s, ok := StatOf(proc.PID(os.Getpid()))
	session, _ := unix.Getsid(0)
	if !ok || s.Dead || int(s.Parent) != os.Getppid() || int(s.Group) != unix.Getpgrp() || int(s.Session) != session || s.Pages == 0 {
		t.Errorf("%+v, %v", s, ok)
	}
}

// family starts a shell in a session of its own, with a child that is in another group: timeout(1)
// makes one for itself. It ends them when the test is over.
func family(t *testing.T) (leader proc.PID, member Stat) {
	t.Helper()
	shell := exec.Command("/bin/sh", "-c", "timeout 100 sleep 100 & wait")
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	leader = proc.PID(shell.Process.Pid)
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		for pid := range Processes() {
			// Its own child must be there: a timeout that gets TERM before it knows that leaves it to us.
			if s, ok := StatOf(pid); ok && s.Parent == leader && s.Group == pid && s.Pages > 0 && len(Descendants(pid)) > 0 {
				t.Cleanup(func() {
					_ = unix.Kill(int(pid), unix.SIGTERM) // it ends its own child
					_ = shell.Wait()
				})
				return leader, s
			}
		}
	}
	t.Fatal("there is no child")
	return 0, Stat{}
}

func TestMemoryIsThatOfTheWholeSession(t *testing.T) {
	leader, _ := family(t)
	own, _ := StatOf(leader)
	bytes := MemoryOf([]int{int(leader)})[int(leader)]
	if least := int64(own.Pages+1) * int64(os.Getpagesize()); bytes < least {
		t.Errorf("%d bytes, and the leader alone has %d pages", bytes, own.Pages)
	}
}

// A process may call itself by any bytes, a line of ours among them.
func TestNameOfIsPrintable(t *testing.T) {
	const comm = "/proc/self/comm"
	before, err := os.ReadFile(comm)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(comm, before, 0) })
	for name, want := range map[string]string{
		"x\nsexton: hi":          `x\nsexton: hi`,
		"\x1b[2J\x7f\u0085\xff(": `\x1b[2J\x7f\u0085\xff(`,
		"größe":                  "größe",
	} {
		if err := os.WriteFile(comm, []byte(name), 0); err != nil {
			t.Fatal(err)
		}
		if got := (&View{}).NameOf(proc.PID(os.Getpid())); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}
