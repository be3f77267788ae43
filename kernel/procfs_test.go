package kernel

import (
	"os"
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
	s, ok := statOf(proc.PID(os.Getpid()))
	session, _ := unix.Getsid(0)
	if !ok || s.dead || int(s.Parent) != os.Getppid() || int(s.Group) != unix.Getpgrp() || int(s.Session) != session || s.pages == 0 {
		t.Errorf("%+v, %v", s, ok)
	}
}

// memberOf spawns a shell in a session of its own, with a child that is in another group:
// timeout(1) makes one for itself.
func memberOf(t *testing.T) (leader proc.PID, member stat) {
	t.Helper()
	leader, err := (&Linux{}).Spawn(&proc.Command{
		Argv: []string{"/bin/sh", "-c", "timeout 100 sleep 100 & wait"}, Env: []string{"PATH=/usr/bin:/bin"},
		Files: [3]int{-1, 1, 2}, Foreground: -1, Umask: -1, Session: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		for pid := range processes() {
			// Its own child must be there: a timeout that gets TERM before it knows that leaves it to us.
			if s, ok := statOf(pid); ok && s.Parent == leader && s.Group == pid && s.pages > 0 && len(descendants(pid)) > 0 {
				return leader, s
			}
		}
	}
	t.Fatal("there is no child")
	return 0, stat{}
}

func TestMemoryIsThatOfTheWholeSession(t *testing.T) {
	leader, member := memberOf(t)
	defer func() {
		_ = unix.Kill(int(member.PID), unix.SIGTERM) // it ends its own child, and leaves us no orphan
		wait(t, leader)
	}()
	own, _ := statOf(leader)
	bytes := MemoryOf([]int{int(leader)})[int(leader)]
	if least := int64(own.pages+1) * int64(os.Getpagesize()); bytes < least {
		t.Errorf("%d bytes, and the leader alone has %d pages", bytes, own.pages)
	}
}

// Who has got a number of somebody whom we have seen, or of a group that we held, is
// younger, and is not signalled.
func TestAStrangerOfTheSameNumberIsNotSignalled(t *testing.T) {
	k := &Linux{}
	pid, err := k.Spawn(&proc.Command{Argv: []string{"/bin/sleep", "100"}, Files: [3]int{-1, 1, 2}, Foreground: -1, Umask: -1})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := statOf(pid)
	if !ok {
		t.Skip("/proc does not show it")
	}
	if (&group{kernel: k, pid: pid, fd: -1, died: s.Started - 1}).Signal(proc.KILL) {
		t.Error("the group is said to be another's")
	}
	earlier := s.Other
	earlier.Started--
	k.SignalOther(earlier, proc.KILL)
	k.SignalOther(s.Other, proc.TERM)
	if exit := wait(t, pid); exit.Signal != proc.TERM {
		t.Errorf("it was %v", exit)
	}
}

// The pipes of a child's output become its user's. What is the container's stays its.
func TestOnlyPipesOfOursAreGivenAway(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	stdin, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(stdin)
	defer func() { _ = unix.Dup3(stdin, 0, 0) }()
	owner := func(fd int) uint32 {
		giveOutput(&proc.Command{Files: [3]int{-1, fd, -1}, Foreground: -1, Credential: &proc.Credential{UID: 4321, GID: 4321}})
		var s unix.Stat_t
		if err := unix.Fstat(fd, &s); err != nil {
			t.Fatal(err)
		}
		return s.Uid
	}
	if err := unix.Dup3(int(r.Fd()), 0, 0); err != nil {
		t.Fatal(err)
	}
	if got := owner(0); got != 0 {
		t.Errorf("descriptor 0 belongs to %d", got)
	}
	if got := owner(int(w.Fd())); got != 4321 {
		t.Errorf("the pipe belongs to %d", got)
	}
}
