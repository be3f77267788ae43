package kernel

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// family spawns a shell that leaves one child in its group behind, and returns
// the shell and the child.
func family(t *testing.T) (leader, member proc.PID) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	leader, err = (&Linux{}).Spawn(&proc.Command{
		Argv: []string{"/bin/sh", "-c", "sleep 100 >/dev/null 2>&1 & echo $!"}, Env: []string{"PATH=/usr/bin:/bin"},
		Files: [3]int{-1, int(w.Fd()), 2}, Foreground: -1,
	})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return leader, proc.PID(number)
}

func TestHoldReachesTheGroupWhenItsLeaderIsGone(t *testing.T) {
	if err := (&Linux{}).AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	for _, old := range []bool{false, true} {
		leader, member := family(t)
		for {
			if dead, ok, _, _ := (&Linux{}).Peek(); ok && dead.PID == leader {
				break
			}
		}
		hold := (&Linux{}).Hold(leader).(*group)
		if old { // as on a kernel that has no pidfds for it
			unix.Close(hold.fd)
			hold.fd = -1
		}
		if err := (&Linux{}).Reap(leader); err != nil {
			t.Fatal(err)
		}
		if !hold.Signal(0) {
			t.Fatalf("old=%v: the group is said to be empty while %d is in it", old, member)
		}
		hold.Signal(proc.TERM)
		if exit := wait(t, member); exit.Signal != proc.TERM {
			t.Errorf("old=%v: the member %v", old, exit)
		}
		if hold.Signal(0) {
			t.Errorf("old=%v: the group is said to have members after the last one was reaped", old)
		}
		hold.Release()
	}
}

// A group of zombies that nobody reaps is nobody; a group that came after the last look at
// all of them is somebody.
func TestHoldTellsZombiesFromTheLiving(t *testing.T) {
	k := &Linux{}
	if err := k.AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	dead := func(pid proc.PID) { // and not reaped
		for s, _ := procfs.StatOf(pid); !s.Dead; s, _ = procfs.StatOf(pid) {
			time.Sleep(time.Millisecond)
		}
	}
	hold := func() (held proc.Hold, member proc.PID) {
		leader, member := family(t)
		dead(leader)
		held = k.Hold(leader)
		wait(t, leader)
		return held, member
	}
	first, member := hold()
	if !first.Signal(proc.CONT) {
		t.Error("nobody is said to be in a group whose member lives")
	}
	second, other := hold()
	if !second.Signal(proc.CONT) {
		t.Error("nobody is said to be in the second group")
	}
	_ = k.Signal(member, proc.Single, proc.KILL)
	dead(member)
	for by := time.Now().Add(10 * time.Second); first.Signal(proc.CONT); time.Sleep(time.Millisecond) {
		if time.Now().After(by) {
			t.Fatal("a zombie is said to be somebody")
		}
	}
	if !second.Signal(proc.CONT) {
		t.Error("the second group is said to have died with the first")
	}
	second.Signal(proc.KILL)
	wait(t, member)
	wait(t, other)
	first.Release()
	second.Release()
}

func TestSignalAllReachesOrphansAndTellsWhenNoneIsLeft(t *testing.T) {
	if err := (&Linux{}).AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	leader, member := family(t)
	wait(t, leader)
	if !(&Linux{}).SignalAll(proc.TERM) {
		t.Fatal("nobody is left, it says")
	}
	wait(t, member)
	if (&Linux{}).SignalAll(0) {
		t.Error("somebody is left, it says")
	}
}

func TestSignalNeverGoesToAllProcesses(t *testing.T) {
	for _, pid := range []proc.PID{0, 1} {
		if err := (&Linux{}).Signal(pid, proc.Group, 0); err == nil {
			t.Errorf("a signal to group %d was taken", pid)
		}
	}
}

// wait reaps pid when it has died, and returns how it ended.
func wait(t *testing.T, pid proc.PID) proc.Exit {
	t.Helper()
	k := &Linux{}
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		if dead, ok, _, err := k.Peek(); err != nil {
			t.Fatal(err)
		} else if ok && dead.PID == pid {
			if err := k.Reap(pid); err != nil {
				t.Fatal(err)
			}
			return dead.Exit
		}
	}
	t.Fatalf("process %d did not end within 20s", pid)
	return proc.Exit{}
}
