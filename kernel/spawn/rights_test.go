package spawn

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// Limits reach the program as they are given: both values, one of them, and a soft limit that a new hard limit lowers.
func TestChildHasItsLimits(t *testing.T) {
	var ours unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &ours); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limit      proc.Limit
		name, want string
	}{
		{proc.Limit{Resource: unix.RLIMIT_NOFILE, Soft: 100, Hard: 200}, "Max open files", "100 200"},
		{proc.Limit{Resource: unix.RLIMIT_NOFILE, Soft: proc.Ours, Hard: 64}, "Max open files", "64 64"},
		{proc.Limit{Resource: unix.RLIMIT_NOFILE, Soft: 7, Hard: 7}, "Max open files", "7 7"},
		{proc.Limit{Resource: unix.RLIMIT_CORE, Soft: 0, Hard: proc.Ours}, "Max core file size", "0 " + proc.LimitText(ours.Max)},
		{proc.Limit{Resource: unix.RLIMIT_CPU, Soft: 1000, Hard: proc.Unlimited}, "Max cpu time", "1000 unlimited"},
		{proc.Limit{Resource: unix.RLIMIT_RTTIME, Soft: 5, Hard: 6}, "Max realtime timeout", "5 6"},
	} {
		output, _ := run(t, &proc.Command{Argv: []string{"grep", c.name, "/proc/self/limits"}, Settings: proc.Settings{Limits: []proc.Limit{c.limit}}})
		if got := strings.Join(strings.Fields(strings.TrimPrefix(output, c.name)), " "); !strings.HasPrefix(got, c.want+" ") {
			t.Errorf("%v: got %q, want %q", c.limit, got, c.want)
		}
	}
}

// A user that is not root really has the capabilities, and can never have another one.
func TestChildKeepsItsCapabilities(t *testing.T) {
	needRoot(t)
	const bind, none = "0000000000000400", "0000000000000000"
	for _, c := range []struct {
		keep proc.Capabilities
		uid  int
		want string // inheritable, permitted, effective, bounding and ambient
	}{{1 << 10, 12345, bind}, {1 << 10, 0, bind}, {0, 12345, none}, {0, 0, none}} {
		command := &proc.Command{Argv: []string{"grep", "^Cap", "/proc/self/status"}, Settings: proc.Settings{Capabilities: &c.keep}}
		if c.uid != 0 {
			command.Credential = &proc.Credential{UID: c.uid, GID: c.uid}
		}
		output, _ := run(t, command)
		if n := strings.Count(output, c.want); n != 5 {
			t.Errorf("UID %d, keep %v: %d of 5 sets are %s:\n%s", c.uid, c.keep, n, c.want, output)
		}
	}
}

// The score is the child's alone. The kernel gives it to all processes that share memory with the one that writes it.
func TestScoreIsTheChildsAlone(t *testing.T) {
	before, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		t.Fatal(err)
	}
	if _, exit := run(t, &proc.Command{Argv: []string{"true"}}); exit.Status() != 0 { // from now on the kernel counts us among those who share memory
		t.Fatal(exit)
	}
	output, _ := run(t, &proc.Command{Argv: []string{"cat", "/proc/self/oom_score_adj"}, Settings: proc.Settings{OOMScoreAdj: new(777)}})
	after, _ := os.ReadFile("/proc/self/oom_score_adj")
	if output != "777\n" || string(before) != string(after) {
		t.Errorf("the child has %q; we had %q and have %q", output, before, after)
	}
}

// The limit of processes counts all of a user, and the exec fails, not the setuid.
func TestLimitOfProcessesIsExplained(t *testing.T) {
	needRoot(t)
	who := &proc.Credential{UID: 54321, GID: 54321}
	start := func(limits ...proc.Limit) (proc.PID, error) {
		return (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/bin/sleep", "60"}, Credential: who, Settings: proc.Settings{Limits: limits}, Files: [3]int{-1, -1, -1}, Foreground: -1})
	}
	for range 3 {
		pid, err := start()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Kill(int(pid), unix.SIGKILL); wait(t, pid) }()
	}
	_, err := start(proc.Limit{Resource: unix.RLIMIT_NPROC, Soft: 1, Hard: 1})
	if err == nil || err.Error() != "exec /bin/sleep: resource temporarily unavailable; this user has more processes than its limit nproc allows" {
		t.Errorf("got %v", err)
	}
}

func TestChildHasItsRootDirectory(t *testing.T) {
	needRoot(t)
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox here: a static program is needed")
	}
	text, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	jail := t.TempDir()
	for path := jail; path != filepath.Clean(os.TempDir()) && path != "/"; path = filepath.Dir(path) { // for another user
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.MkdirAll(jail+"/bin", 0o755), os.MkdirAll(jail+"/data", 0o755), os.WriteFile(jail+"/bin/busybox", text, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, want string
		uid       int
	}{{"", "/\nbin\ndata\n", 0}, {"/data", "/data\nbin\ndata\n", 12345}} {
		command := &proc.Command{Argv: []string{"busybox", "sh", "-c", "busybox pwd; busybox ls /"}, Settings: proc.Settings{Chroot: jail, Dir: c.dir}, Env: []string{"PATH=/bin"}}
		if c.uid != 0 {
			command.Credential = &proc.Credential{UID: c.uid, GID: c.uid}
		}
		if output, exit := run(t, command); output != c.want {
			t.Errorf("in %q: %q, %v", c.dir, output, exit)
		}
	}
	_, err = (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/bin/sh"}, Settings: proc.Settings{Chroot: jail}, Files: [3]int{-1, -1, -1}, Foreground: -1})
	var failed *proc.SpawnError
	if !errors.As(err, &failed) || !failed.NotFound || strings.Contains(failed.Mend, "interpreter") {
		t.Errorf("a program that only we have: %v", err)
	}
}

// Who does not have the right to a step gets the name of the step, the value, and what to do.
func TestRefusedSettingsSayWhatToDo(t *testing.T) {
	needRoot(t)
	command := scene.Command("refused")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		t.Error(err)
	}
}

// refused has only the capabilities of Docker's default, and then none.
func refused(s *scene.T) {
	const docker = 0xa80425fb
	held := proc.Capabilities(docker)
	reduce := func(to proc.Capabilities) {
		p := &plan{command: &proc.Command{Settings: proc.Settings{Capabilities: &to}}}
		if errno := p.boundCapabilities(); errno != 0 {
			s.Fatalf("bounding set: %v", errno)
		}
		if errno := p.takeCapabilities(); errno != 0 {
			s.Fatalf("capset: %v", errno)
		}
	}
	try := func(settings proc.Settings, credential *proc.Credential, want string) {
		_, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/bin/true"}, Settings: settings, Credential: credential, Files: [3]int{-1, -1, -1}, Foreground: -1})
		if err == nil || err.Error() != want {
			s.Errorf("got %v\nwant %s", err, want)
		}
	}
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("0"), 0)
	reduce(held)
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 65536, Max: 65536})
	_ = unix.Setrlimit(unix.RLIMIT_NICE, &unix.Rlimit{})
	_ = unix.Setrlimit(unix.RLIMIT_RTPRIO, &unix.Rlimit{})
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
	try(proc.Settings{Nice: new(-5)}, nil, "set nice -5: permission denied; a value below 0 needs a capability; write 0 or more, or start the container with --cap-add SYS_NICE")
	try(proc.Settings{OOMScoreAdj: new(-500)}, nil,
		"set oom_score_adj -500: permission denied; a value below 0 needs the capability SYS_RESOURCE; write 0 or more, or start the container with --cap-add SYS_RESOURCE")
	try(proc.Settings{Limits: []proc.Limit{{Resource: unix.RLIMIT_MEMLOCK, Soft: proc.Unlimited, Hard: proc.Unlimited}}}, nil,
		"set limit memlock unlimited: operation not permitted; the hard limit is 65536 here, and raising it needs the capability SYS_RESOURCE; write at most 65536, or start the container with --ulimit memlock=-1")
	try(proc.Settings{Limits: []proc.Limit{{Resource: unix.RLIMIT_MEMLOCK, Soft: 65537, Hard: proc.Ours}}}, nil,
		"set limit memlock 65537:ours: invalid argument; the soft limit is above the hard limit, which is 65536 here: set hard too")
	try(proc.Settings{Scheduler: &proc.Scheduler{Policy: 1, Priority: 10}}, nil,
		"set scheduler fifo:10: operation not permitted; a real-time policy needs a capability; write batch or other, or start the container with --cap-add SYS_NICE")
	try(proc.Settings{IONice: &proc.IONice{Class: 1, Level: 4}}, nil,
		"set ionice realtime:4: operation not permitted; the class realtime needs a capability; write best-effort, or start the container with --cap-add SYS_NICE")
	admin := proc.Capabilities(1 << 21)
	try(proc.Settings{Capabilities: &admin}, nil,
		"keep capability sys_admin: operation not permitted; the container does not have this capability: start it with --cap-add SYS_ADMIN, or remove capabilities")
	reduce(1 << proc.CapSetUID)
	try(proc.Settings{}, &proc.Credential{UID: 33, GID: 33, Groups: []int{33}},
		"setgroups 33: operation not permitted; the container does not have this capability: start it with --cap-add SETGID, or remove groups")
	try(proc.Settings{Chroot: "/usr"}, nil,
		"chroot /usr: operation not permitted; the container does not have this capability: start it with --cap-add SYS_CHROOT, or remove chroot")
	asUser(s, try)
}

// asUser tries the same as another user.
func asUser(s *scene.T, try func(proc.Settings, *proc.Credential, string)) {
	if err := unix.Setresuid(1000, 1000, 1000); err != nil {
		s.Fatalf("setresuid: %v", err)
	}
	try(proc.Settings{}, &proc.Credential{UID: 33, GID: 33, Groups: []int{33}},
		"setgroups 33: operation not permitted; sexton runs as UID 1000: remove groups, or run the container as root")
}
