package procfs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sexton/proc"
)

// sleeper starts a process that ends with the test.
func sleeper(t *testing.T, change func(*exec.Cmd)) proc.PID {
	t.Helper()
	sleep := exec.Command("/bin/sleep", "1000")
	if change != nil {
		change(sleep)
	}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sleep.Process.Kill(); _ = sleep.Wait() })
	return proc.PID(sleep.Process.Pid)
}

// zombie starts a process that has died and is not reaped before the test ends.
func zombie(t *testing.T) proc.PID {
	t.Helper()
	child := exec.Command("/bin/true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Wait() })
	pid := proc.PID(child.Process.Pid)
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		if s, ok := StatOf(pid); ok && s.Dead {
			return pid
		}
	}
	t.Fatal("it does not die")
	return 0
}

// Everybody below us is listed, at any depth; zombies, our ancestors and ourselves are not.
func TestOthersAreThoseBelowUs(t *testing.T) {
	leader, member := family(t)
	dead := zombie(t)
	v := &View{}
	if v.First() {
		t.Skip("we are the first process: everybody is below us")
	}
	var pids []proc.PID
	for _, o := range v.Others(0) { // all are seen, however long it takes
		pids = append(pids, o.PID)
	}
	deep := Descendants(member.PID)
	if !slices.Contains(pids, leader) || !slices.Contains(pids, member.PID) || len(deep) != 1 || !slices.Contains(pids, deep[0]) {
		t.Errorf("%v; want %d, %d and %d among them", pids, leader, member.PID, deep)
	}
	for _, pid := range []proc.PID{dead, proc.PID(os.Getpid()), proc.PID(os.Getppid()), 1} {
		if slices.Contains(pids, pid) {
			t.Errorf("%d is listed", pid)
		}
	}
	if !Descends(deep[0], leader) || Descends(leader, member.PID) || Descends(leader, leader) {
		t.Error("who descends from whom is wrong")
	}
	if below := v.Below([]proc.PID{leader, member.PID}, time.Minute); len(below) != 1 || below[0].PID != deep[0] {
		t.Errorf("below both: %+v; want %d alone", below, deep[0])
	}
}

// A dead process is nobody: it is not looked at, and has no user.
func TestTheDeadAreNotLookedAt(t *testing.T) {
	v := &View{}
	dead := zombie(t)
	if o, alive := v.Look(dead); alive {
		t.Errorf("a zombie is alive: %+v", o)
	}
	if o, alive := v.Look(1 << 30); alive {
		t.Errorf("nobody is alive: %+v", o)
	}
	if uid := v.UserOf(1 << 30); uid != -1 {
		t.Errorf("nobody's user is %d", uid)
	}
	if _, ok := StatOf(1 << 30); ok {
		t.Error("nobody is seen")
	}
	if below := v.Below([]proc.PID{dead, 1 << 30}, time.Minute); below != nil {
		t.Errorf("below the dead: %+v", below)
	}
}

// Whose a process is, by its user and by what its environment says.
func TestUserAndServiceOfAProcess(t *testing.T) {
	v := &View{}
	named := sleeper(t, func(c *exec.Cmd) {
		c.Env = []string{"A=" + strings.Repeat("x", 5000), ServiceVariable + "=web", ServiceVariable + "S=db"}
	})
	plain := sleeper(t, func(c *exec.Cmd) { c.Env = []string{"X" + ServiceVariable + "=web"} })
	for pid, want := range map[proc.PID]string{named: "web", plain: "", 1 << 30: ""} {
		if got := v.ServiceOf(pid); got != want {
			t.Errorf("%d is of %q, not %q", pid, got, want)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("changing the user needs root")
	}
	other := sleeper(t, func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4712}}
	})
	if uid := v.UserOf(other); uid != 4711 {
		t.Errorf("its user is %d", uid)
	}
}

// However many children a process has, all are found.
func TestManyChildrenAreFound(t *testing.T) {
	const many = 400 // more than one read of the list
	shell := exec.Command("/bin/sh", "-c", fmt.Sprintf("i=0; while test $i -lt %d; do sleep 1000 & i=$((i+1)); done; echo; wait", many))
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL); _ = shell.Wait() }()
	if _, err := said.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if below := (&View{}).Below([]proc.PID{proc.PID(shell.Process.Pid)}, time.Minute); len(below) != many {
		t.Errorf("%d of %d children", len(below), many)
	}
}

// Each group's memory is its own.
func TestMemoryIsCountedByGroup(t *testing.T) {
	one := sleeper(t, func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} })
	two := sleeper(t, func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} })
	for by := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		a, _ := StatOf(one)
		b, _ := StatOf(two)
		page := int64(os.Getpagesize())
		got := MemoryOf([]int{int(one), int(two), 1 << 30})
		if a.Pages > 0 && b.Pages > 0 && len(got) == 2 && got[int(one)] == int64(a.Pages)*page && got[int(two)] == int64(b.Pages)*page {
			break
		}
		if time.Now().After(by) { // they may still have been growing before
			t.Fatalf("%v; the processes have %d and %d pages", got, a.Pages, b.Pages)
		}
	}
	if got := MemoryOf(nil); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
}

// A table is read in pieces, to its end, and a line that is too long ends it.
func TestEachLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "table")
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "%5d: a  b c%d\n", i, i)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(text.String())
	var seen int
	eachLine(file, time.Now().Add(time.Minute), func(line []byte) {
		if got, want := string(field(line, 3)), fmt.Sprint("c", seen); got != want || string(field(line, 1)) != "a" {
			t.Fatalf("line %d has %q", seen, got)
		}
		if len(field(line, 4)) != 0 || len(field(line, 9)) != 0 {
			t.Fatalf("line %d has fields behind its last", seen)
		}
		seen++
	})
	if seen != 5000 {
		t.Errorf("%d lines of 5000", seen)
	}
	none := func(line []byte) { t.Errorf("%.20q is taken", line) }
	eachLine(file, time.Now(), none)
	eachLine(file+"s", time.Now().Add(time.Minute), none)
	write(strings.Repeat("x", 20<<10) + "\n")
	eachLine(file, time.Now().Add(time.Minute), none)
}
