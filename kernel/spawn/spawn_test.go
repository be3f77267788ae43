package spawn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// wait polls Peek until pid is dead, reaps it, and returns how it ended.
func wait(t *testing.T, pid proc.PID) proc.Exit {
	t.Helper()
	return bury(t, pid).Exit
}

// bury polls Peek until pid is dead, reaps it, and returns all that Peek said.
func bury(t *testing.T, pid proc.PID) proc.Dead {
	t.Helper()
	k := &Spawner{}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		dead, ok, children, err := k.Peek()
		if err != nil {
			t.Fatal(err)
		}
		if !children {
			t.Fatalf("process %d is no child of ours", pid)
		}
		if ok && dead.PID == pid {
			if err := k.Reap(pid); err != nil {
				t.Fatal(err)
			}
			return dead
		}
	}
	t.Fatalf("process %d did not end within 20s", pid)
	return proc.Dead{}
}

// run spawns a command and returns what it wrote.
func run(t *testing.T, c *proc.Command) (string, proc.Exit) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if c.Env == nil {
		c.Env = []string{"PATH=/usr/bin:/bin"}
	}
	c.Files = [3]int{-1, int(w.Fd()), int(w.Fd())}
	c.Foreground = -1
	pid, err := (&Spawner{}).Spawn(c)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	output, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(output), wait(t, pid)
}

func TestChildHasCleanSignals(t *testing.T) {
	output, exit := run(t, &proc.Command{Argv: []string{"grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"}})
	for _, want := range []string{"SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"} {
		if !strings.Contains(output, want) {
			t.Errorf("%q is missing in %q (%v)", want, output, exit)
		}
	}
}

func TestChildHasTheMaskAndIgnoredSignalsOfItsCommand(t *testing.T) {
	output, _ := run(t, &proc.Command{
		Argv: []string{"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"},
		Mask: proc.USR2.Bit() | proc.RTMax.Bit(), Ignore: proc.HUP.Bit() | proc.QUIT.Bit(),
	})
	want := fmt.Sprintf("SigBlk:\t%016x\nSigIgn:\t%016x\n", proc.USR2.Bit()|proc.RTMax.Bit(), proc.HUP.Bit()|proc.QUIT.Bit())
	if output != want {
		t.Errorf("got %q, want %q", output, want)
	}
}

func TestChildHasNoDescriptorsOfOurs(t *testing.T) {
	ours, err := os.CreateTemp(t.TempDir(), "ours")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	output, _ := run(t, &proc.Command{Argv: []string{"sh", "-c", "ls -l /proc/$$/fd"}})
	if strings.Contains(output, ours.Name()) || !strings.Contains(output, " 2 -> ") {
		t.Errorf("the child's descriptors:\n%s", output)
	}
}

func TestDescriptorsMayChangePlaces(t *testing.T) {
	// Our own stdout becomes the child's stderr and the other way round.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	saved, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { unix.Dup3(saved, 1, 0); unix.Close(saved) }()
	if err := unix.Dup3(int(w.Fd()), 1, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	pid, err := (&Spawner{}).Spawn(&proc.Command{
		Argv: []string{"sh", "-c", "echo over there >&2; test -e /proc/self/fd/1"}, Env: []string{"PATH=/usr/bin:/bin"},
		Files: [3]int{2, 0, 1}, Foreground: -1,
	})
	unix.Dup3(saved, 1, 0)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	output, err := io.ReadAll(r)
	if err != nil || string(output) != "over there\n" {
		t.Errorf("got %q, %v", output, err)
	}
	if exit := wait(t, pid); exit.Status() != 0 {
		t.Error(exit)
	}
}

func TestChildLeadsAGroupOrASession(t *testing.T) {
	for _, session := range []bool{false, true} {
		output, _ := run(t, &proc.Command{Argv: []string{"cat", "/proc/self/stat"}, Settings: proc.Settings{Session: session}})
		fields := strings.Fields(output)
		if fields[0] != fields[4] {
			t.Errorf("session=%v: pid %s is in group %s", session, fields[0], fields[4])
		}
		if leads := fields[0] == fields[5]; leads != session {
			t.Errorf("session=%v: pid %s is in session %s", session, fields[0], fields[5])
		}
	}
}

func TestUmaskDirectoryAndEnvironment(t *testing.T) {
	dir := t.TempDir()
	output, _ := run(t, &proc.Command{
		Argv: []string{"/bin/sh", "-c", "umask; pwd; echo $A"}, Settings: proc.Settings{Dir: dir, Umask: new(proc.Umask(0o027))}, Env: []string{"A=b c", "PATH=/bin:/usr/bin"},
	})
	if want := "0027\n" + dir + "\nb c\n"; output != want {
		t.Errorf("got %q, want %q", output, want)
	}
}

func TestListenPIDFollowsTheChild(t *testing.T) {
	c := &proc.Command{Argv: []string{"/bin/sh", "-c", "echo $$ $LISTEN_PID"},
		Env: []string{fmt.Sprintf("LISTEN_PID=%d", os.Getpid()), "LISTEN_FDS=1"}}
	output, _ := run(t, c)
	if f := strings.Fields(output); len(f) != 2 || f[0] != f[1] {
		t.Errorf("pid and LISTEN_PID: %q", output)
	}
	c.Env[0] = "LISTEN_PID=1234567"
	if output, _ = run(t, c); !strings.HasSuffix(output, " 1234567\n") {
		t.Errorf("a LISTEN_PID that is not ours was changed: %q", output)
	}
}

func TestUserGroupAndGroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("changing the user needs root")
	}
	output, _ := run(t, &proc.Command{Argv: []string{"/bin/sh", "-c", "id -u; id -g; id -G"},
		Credential: &proc.Credential{UID: 12345, GID: 23456, Groups: []int{34567, 45678}}})
	if want := "12345\n23456\n23456 34567 45678\n"; output != want {
		t.Errorf("got %q, want %q", output, want)
	}
}

func TestScriptWithoutInterpreterIsRunByTheShell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("echo $0 $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	output, _ := run(t, &proc.Command{Argv: []string{path, "x"}})
	if want := path + " x\n"; output != want {
		t.Errorf("got %q, want %q", output, want)
	}
}

func TestCommandIsLookedUpAsExecvpDoes(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for path, mode := range map[string]os.FileMode{first + "/a": 0o644, second + "/a": 0o755, first + "/b": 0o644} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+path+"\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"PATH=/nowhere:" + first + ":" + second}
	if output, _ := run(t, &proc.Command{Argv: []string{"a"}, Env: env}); output != second+"/a\n" {
		t.Errorf("a file that may not be run hid the next one: %q", output)
	}
	for what, env := range map[string][]string{
		"the second PATH counted":         {"PATH=" + second, "PATH=/nowhere"},
		"a directory too long hid others": {"PATH=/" + strings.Repeat("long/", 1000) + ":" + second},
	} {
		if output, _ := run(t, &proc.Command{Argv: []string{"a"}, Env: env}); output != second+"/a\n" {
			t.Errorf("%s: %q", what, output)
		}
	}
	_, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"b"}, Env: env, Files: [3]int{-1, 1, 2}, Foreground: -1})
	if !errors.Is(err, syscall.EACCES) {
		t.Errorf("got %v", err)
	}
}

func TestFailuresNameTheStep(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	lost := filepath.Join(dir, "lost")
	closed := filepath.Join(dir, "closed")
	if err := errors.Join(os.WriteFile(plain, nil, 0o644), os.WriteFile(closed, []byte("#!"+plain+"\n"), 0o755), os.WriteFile(lost, []byte("#!/no/such/interpreter\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		command  proc.Command
		want     string
		notFound bool
	}{
		{proc.Command{Argv: []string{"/nope"}}, "exec /nope: no such file or directory", true},
		{proc.Command{Argv: []string{"nope"}, Env: []string{"PATH=/a:/b"}}, "exec nope: no such file or directory; not found in PATH=/a:/b", true},
		{proc.Command{Argv: []string{""}}, "exec: no such file or directory; the command is empty", true},
		{proc.Command{Argv: []string{plain}}, "exec " + plain + ": permission denied; file mode is 0644, try chmod +x", false},
		{proc.Command{Argv: []string{dir}}, "exec " + dir + ": permission denied; it is a directory", false},
		{proc.Command{Argv: []string{plain + "/x"}}, "exec " + plain + "/x: not a directory", true},
		{proc.Command{Argv: []string{lost}}, "exec " + lost + ": no such file or directory; the file exists, but its interpreter (the #! line, or the dynamic loader) does not", true},
		{proc.Command{Argv: []string{"./lost"}, Settings: proc.Settings{Dir: dir}}, "exec ./lost: no such file or directory; the file exists, but its interpreter (the #! line, or the dynamic loader) does not", true},
		{proc.Command{Argv: []string{"lost"}, Env: []string{"PATH=/a:" + dir}}, "exec lost: no such file or directory; " + lost + ": the file exists, but its interpreter (the #! line, or the dynamic loader) does not", true},
		{proc.Command{Argv: []string{"plain"}, Env: []string{"PATH=/a:" + dir}}, "exec plain: permission denied; " + plain + ": file mode is 0644, try chmod +x", false},
		{proc.Command{Argv: []string{"usr"}, Env: []string{"PATH=/a:/"}}, "exec usr: permission denied; //usr: it is a directory", false},
		{proc.Command{Argv: []string{closed}}, "exec " + closed + ": permission denied; the mode of the file is right; check the directories above it, its interpreter, and whether the file system is mounted with noexec", false},
		{proc.Command{Argv: []string{"/bin/true"}, Settings: proc.Settings{Dir: "/nope"}}, "chdir /nope: no such file or directory", false},
		{proc.Command{Argv: []string{"/bin/true", "a\x00b"}}, "exec /bin/true: invalid argument; an argument contains a NUL byte", false},
	} {
		c := test.command
		c.Files, c.Foreground = [3]int{-1, 1, 2}, -1
		_, err := (&Spawner{}).Spawn(&c)
		var failed *proc.SpawnError
		if !errors.As(err, &failed) || err.Error() != test.want || failed.NotFound != test.notFound {
			t.Errorf("%v:\n got %v (not found: %v)\nwant %s", c.Argv, err, failed != nil && failed.NotFound, test.want)
		}
	}
	if _, _, children, err := (&Spawner{}).Peek(); children || err != nil {
		t.Errorf("a failed start left a child (%v)", err)
	}
}

func TestManySpawnsAtOnceFromManyThreads(t *testing.T) {
	const each, threads = 50, 8
	done := make(chan error)
	for range threads {
		go func() {
			var failed error
			for range each {
				if _, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, -1, -1}, Foreground: -1}); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for range threads {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for reaped, deadline := 0, time.Now().Add(20*time.Second); reaped < each*threads; {
		dead, ok, _, err := (&Spawner{}).Peek()
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d reaped, %v", reaped, err)
		}
		if ok {
			if dead.Exit.Status() != 0 {
				t.Error(dead)
			}
			(&Spawner{}).Reap(dead.PID)
			reaped++
		}
	}
}

// A small process may have used no memory by the kernel's count, which is kept for each
// processor and added up now and then.
func TestPeekTellsWhatAProcessUsed(t *testing.T) {
	pid, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"sh", "-c", "x=$(head -c 20000000 /dev/zero | tr '\\0' a)"}, Env: os.Environ(), Files: [3]int{-1, 1, 2}, Foreground: -1})
	if err != nil {
		t.Fatal(err)
	}
	if dead := bury(t, pid); dead.Usage.MaxRSSBytes < 16<<20 {
		t.Errorf("it held 20 MB, Peek says %d bytes", dead.Usage.MaxRSSBytes)
	}
}

// A child is continued only when it takes so long that somebody may have stopped
// it, however many others were started before. CONT is blocked, so that what was sent shows.
func TestChildrenAreNotContinuedForNothing(t *testing.T) {
	for spent := time.Duration(0); spent < 6*patience; {
		began := time.Now()
		pid, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/bin/true"}, Files: [3]int{-1, 1, 2}, Foreground: -1})
		if err != nil {
			t.Fatal(err)
		}
		spent += time.Since(began)
		wait(t, pid)
	}
	const children = 40
	continued := 0
	for range children {
		output, _ := run(t, &proc.Command{Argv: []string{"grep", "ShdPnd", "/proc/self/status"}, Mask: proc.CONT.Bit()})
		if !strings.Contains(output, "\t0000000000000000\n") {
			continued++
		}
	}
	if continued > children/8 { // some may take long on a busy machine
		t.Errorf("%d of %d children were continued", continued, children)
	}
}
