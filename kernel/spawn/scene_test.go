package spawn

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

const path = "PATH=/usr/bin:/bin"

// status starts a command and returns its exit status, or that of a shell whose command did not start.
func status(s *scene.T, k *Spawner, c proc.Command) int {
	c.Env, c.Files, c.Foreground = []string{path}, [3]int{-1, 1, 2}, -1
	pid, err := k.Spawn(&c)
	if err != nil {
		s.Errorf("%v: %v", c.Argv, err)
		return 126
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(int(pid), &status, 0, nil); err != nil {
		s.Fatalf("%v", err)
	}
	return status.ExitStatus()
}

// inherit makes a descriptor that a shell would have given us.
func inherit(s *scene.T) (fd int) {
	fd, err := unix.FcntlInt(0, unix.F_DUPFD, 20)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return fd
}

func open(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// The heir gets our directory and the descriptors that we were given; we keep neither, and nobody else gets them.
func TestHeirGetsWhatWeWereGiven(t *testing.T) { scene.Run(t, "heir", nil) }

func heirs(s *scene.T) {
	dir, err := os.MkdirTemp("", "heir")
	if err != nil {
		s.Fatalf("%v", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chdir(dir); err != nil {
		s.Fatalf("%v", err)
	}
	fd := inherit(s)
	check := fmt.Sprintf("test -e /proc/$$/fd/%d && test $(pwd) = %s", fd, dir)
	var k Spawner
	if got := status(s, &k, proc.Command{Argv: []string{"sh", "-c", check}, Heir: true}); got != 0 {
		s.Errorf("the heir: status %d", got)
	}
	if now, _ := os.Getwd(); now != "/" || open(fd) {
		s.Errorf("we are in %s, and the descriptor is open: %v", now, open(fd))
	}
	if got := status(s, &k, proc.Command{Argv: []string{"sh", "-c", "test $(pwd) = " + dir}, Heir: true}); got != 0 {
		s.Errorf("the second heir has another directory")
	}
	if got := status(s, &k, proc.Command{Argv: []string{"sh", "-c", "test $(pwd) = /"}}); got != 0 {
		s.Errorf("somebody else has the heir's directory")
	}
	// An exec that fails for now cannot be tried again when its descriptors are gone.
	inherit(s)
	busy := filepath.Join(dir, "busy")
	if err := os.WriteFile(busy, []byte("#!/bin/sh\n"), 0o755); err != nil {
		s.Fatalf("%v", err)
	}
	writer, err := os.OpenFile(busy, os.O_WRONLY, 0)
	if err != nil {
		s.Fatalf("%v", err)
	}
	defer writer.Close()
	for _, heir := range []bool{false, true} {
		_, err = k.Spawn(&proc.Command{Argv: []string{busy}, Files: [3]int{-1, 1, 2}, Foreground: -1, Heir: heir})
		var failed *proc.SpawnError
		if !errors.As(err, &failed) || failed.Err != unix.ETXTBSY || failed.Passing == heir || heir != strings.Contains(err.Error(), "not tried again") {
			s.Errorf("heir %v: %v", heir, err)
		}
	}
}

// A child gets /dev/null in the place of a descriptor that we do not have ourselves.
func TestDescriptorThatWeDoNotHave(t *testing.T) { scene.Run(t, "no stdin", nil) }

func withoutStdin(s *scene.T) {
	unix.Close(0)
	if got := status(s, &Spawner{}, proc.Command{Argv: []string{"sh", "-c", `test "$(readlink /proc/$$/fd/0)" = /dev/null`}}); got != 0 {
		s.Errorf("descriptor 0 of the child is not /dev/null: status %d", got)
	}
}

// Nothing that we were given stays open, and our own descriptors do.
func TestLeaveNothingOpen(t *testing.T) { scene.Run(t, "nothing open", nil) }

func leaveNothingOpen(s *scene.T) {
	theirs := inherit(s)
	ours, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 20)
	if err != nil {
		s.Fatalf("%v", err)
	}
	new(Spawner).LeaveNothingOpen()
	if open(theirs) || !open(ours) || !open(0) || !open(1) || !open(2) {
		s.Errorf("open: theirs %v, ours %v, 0 %v, 1 %v, 2 %v", open(theirs), open(ours), open(0), open(1), open(2))
	}
	if now, _ := os.Getwd(); now != "/" {
		s.Errorf("we are in %s", now)
	}
}

// Without root, sexton can start a command as itself, with its own groups; for another user the error says why not.
func TestIdentityWithoutRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	scene.Run(t, "unprivileged", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4321, Gid: 4322, Groups: []uint32{4323}}})
}

func unprivileged(s *scene.T) {
	var k Spawner
	if got := status(s, &k, proc.Command{Argv: []string{"true"}, Credential: &proc.Credential{UID: 4321, GID: 4322, Groups: []int{4323}}}); got != 0 {
		s.Errorf("as ourselves: status %d", got)
	}
	for stage, who := range map[string]proc.Credential{
		"setgroups": {UID: 4321, GID: 4322},
		"setgid":    {UID: 4321, GID: 1, Groups: []int{4323}},
		"setuid":    {UID: 1, GID: 4322, Groups: []int{4323}},
	} {
		_, err := k.Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, 1, 2}, Foreground: -1, Credential: &who})
		var failed *proc.SpawnError
		if !errors.As(err, &failed) || failed.Stage != stage || failed.Err != unix.EPERM || !strings.Contains(failed.Mend, "sexton runs as UID 4321") || failed.Passing {
			s.Errorf("%+v: %v; want %s", who, err, stage)
		}
	}
}

// Threads are reserved while there is room for them.
func TestReserveThreadsKeepsWithinALimit(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a limit of processes does not bind root, and becoming another user needs root")
	}
	scene.Run(t, "limited", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 60606, Gid: 60606}})
}

func underALimit(s *scene.T) {
	var k Spawner
	if n := k.ReserveThreads(4); n != 4 {
		s.Errorf("%d threads of 4, without a limit", n)
	}
	threads := func() int {
		names, err := os.ReadDir("/proc/self/task")
		if err != nil {
			s.Fatalf("%v", err)
		}
		return len(names)
	}
	if n := threads(); n < 5 {
		s.Errorf("%d threads: the loop's and four were to be there", n)
	}
	// reserve tries with room for so many more tasks, and again when the runtime has made a thread meanwhile.
	reserve := func(room, want int) (got int) {
		for {
			before := threads()
			if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: uint64(before + room), Max: 1000}); err != nil {
				s.Fatalf("%v", err)
			}
			if got = possibleThreads(want); threads() == before {
				return got
			}
		}
	}
	for _, c := range []struct{ room, want, got int }{{0, 1, 0}, {0, 4, 0}, {1, 1, 1}, {headroom, 4, 0}, {headroom + 3, 4, 3}, {headroom + 4, 4, 4}} {
		if got := reserve(c.room, c.want); got != c.got {
			s.Errorf("room for %d: %d threads of %d, not %d", c.room, got, c.want, c.got)
		}
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		s.Errorf("the trial has left a child: %v", err)
	}
}

// The limit of tasks is found in both kinds of cgroups.
func TestProcessesLeft(t *testing.T) {
	for name, c := range map[string]struct {
		dir, most, now string
		left           int
		ok             bool
	}{
		"v2": {"", "100\n", "30\n", 70, true}, "v1": {"pids", "100\n", "30\n", 70, true}, "none": {"", "max\n", "30\n", 0, false},
		"lowered": {"", "10\n", "30\n", 0, true}, "half": {"", "10\n", "", 0, false},
	} {
		root := t.TempDir()
		dir := filepath.Join(root, c.dir)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(dir+"/pids.max", []byte(c.most), 0o644), os.WriteFile(dir+"/pids.current", []byte(c.now), 0o644)); err != nil {
			t.Fatal(err)
		}
		if left, ok := processesLeft(root); left != c.left || ok != c.ok {
			t.Errorf("%s: %d, %v", name, left, ok)
		}
	}
}

// The first child of a container has the number that it is to have, whatever number ours was.
func TestFirstChildHasItsNumber(t *testing.T) {
	scene.Run(t, "first", &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUSER, UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
	})
}

func firstOfItsNamespace(s *scene.T) {
	var k Spawner
	for _, c := range []struct{ to, want proc.PID }{{300, 300}, {150, 450}, {500, 500}} { // or the next multiple
		k.SkipTo(c.to)
		pid, err := k.Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, 1, 2}, Foreground: -1})
		if err != nil || pid != c.want {
			s.Errorf("the child is %d, not %d: %v", pid, c.want, err)
		}
		reapUnheard(int(pid), 0)
	}
	k.SkipTo(501) // SkipTo itself uses up 501
	if pid, err := k.Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, 1, 2}, Foreground: -1}); err != nil || pid != 1002 {
		s.Errorf("the child is %d, not 1002: %v", pid, err)
	}
}

// A child that somebody stops before its exec is continued; one that is stopped later is seen as stopped.
func TestStoppedIsSeen(t *testing.T) {
	k := &Spawner{}
	pid, err := k.Spawn(&proc.Command{Argv: []string{"/bin/sleep", "100"}, Files: [3]int{-1, 1, 2}, Foreground: -1})
	if err != nil {
		t.Fatal(err)
	}
	stopped := func(want bool) {
		t.Helper()
		for by := time.Now().Add(10 * time.Second); k.Stopped(pid) != want; time.Sleep(time.Millisecond) {
			if time.Now().After(by) {
				t.Fatalf("stopped: %v", k.Stopped(pid))
			}
		}
	}
	stopped(false)
	_ = unix.Kill(int(pid), unix.SIGSTOP)
	stopped(true)
	_ = unix.Kill(int(pid), unix.SIGCONT)
	stopped(false)
	if _, dead, children, err := k.Peek(); dead || !children || err != nil {
		t.Errorf("nobody has died: %v, %v, %v", dead, children, err)
	}
	_ = unix.Kill(int(pid), unix.SIGSTOP)
	stopped(true)
	_ = unix.Kill(int(pid), unix.SIGKILL)
	if exit := wait(t, pid); exit.Signal != proc.KILL || k.Stopped(pid) {
		t.Errorf("it was %v, and is stopped: %v", exit, k.Stopped(pid))
	}
	if err := k.Reap(pid); !errors.Is(err, unix.ECHILD) {
		t.Errorf("reaped twice: %v", err)
	}
	if _, dead, children, err := k.Peek(); dead || children || err != nil {
		t.Errorf("there is no child: %v, %v, %v", dead, children, err)
	}
}

// How a child ended is told as it was: by its status, by a signal, and whether it left a core.
func TestPeekTellsHowAProcessEnded(t *testing.T) {
	for script, want := range map[string]proc.Exit{
		"exit 0": {}, "exit 255": {Code: 255}, "kill -TERM $$": {Signal: proc.TERM},
		"ulimit -c 0; kill -SEGV $$": {Signal: proc.SEGV},
	} {
		if _, exit := run(t, &proc.Command{Argv: []string{"sh", "-c", script}}); exit != want {
			t.Errorf("%s: %+v", script, exit)
		}
	}
	for code, core := range map[int32]bool{cldDumped: true, cldDumped - 1: false} {
		if exit := (&siginfo{code: code, status: 11}).exit(); exit != (proc.Exit{Signal: proc.SEGV, Core: core}) {
			t.Errorf("code %d: %+v", code, exit)
		}
	}
}

// Each step that fails before the exec is named.
func TestFailuresOfTheDescriptorsNameTheStep(t *testing.T) {
	closed, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 40)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(closed)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for want, c := range map[string]proc.Command{
		"dup3: bad file descriptor":      {Files: [3]int{-1, closed, 2}, Foreground: -1},
		"tcsetpgrp: bad file descriptor": {Files: [3]int{-1, 1, 2}, Foreground: closed},
	} {
		c.Argv = []string{"/bin/true"}
		if _, err := new(Spawner).Spawn(&c); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	// What is no terminal any more is no reason not to start.
	pid, err := new(Spawner).Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, 1, 2}, Foreground: int(null.Fd())})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, pid)
	if out, err := exec.Command("true").Output(); err != nil { // nothing is left that it would have to wait for
		t.Errorf("%s, %v", out, err)
	}
}

// Which failures of fork may pass, and what can be done about them.
func TestForkErrors(t *testing.T) {
	for errno, passing := range map[syscall.Errno]bool{unix.EAGAIN: true, unix.ENOMEM: true, unix.EPERM: false} {
		var failed *proc.SpawnError
		if err := forkError(errno); !errors.As(err, &failed) || failed.Passing != passing || (failed.Mend != "") != passing || failed.Stage != "fork" {
			t.Errorf("%v: %+v", errno, failed)
		}
	}
}
