package entry

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// program builds testdata/started with the entry, as make build builds the binary, where every user can execute it.
func program(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "entry")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary := filepath.Join(dir, "started")
	build := exec.Command("go", "build", "-tags", "entry", "-ldflags", "-s -w -E=sexton_entry -checklinkname=0", "-o", binary, "./testdata/started")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return binary
}

// ignored is what a program ignores that a shell has started with HUP, QUIT and WINCH ignored:
// these, and those that the test itself was started with.
func ignored(t *testing.T) uint64 {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", `trap "" HUP QUIT WINCH; exec grep SigIgn: /proc/self/status`).Output()
	if err != nil {
		t.Fatal(err)
	}
	set, err := strconv.ParseUint(strings.TrimSpace(strings.TrimPrefix(string(out), "SigIgn:")), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// What we were started with is seen as it was before Go's runtime changed it.
func TestTheEntrySeesWhatWeWereStartedWith(t *testing.T) {
	binary := program(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	blocked, before := unix.Sigset_t{Val: [16]uint64{1<<(unix.SIGUSR2-1) | 1<<(34-1) | 1<<(64-1)}}, unix.Sigset_t{}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &blocked, &before); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	command := exec.Command("/bin/sh", "-c", `ulimit -Sn 77; trap "" HUP QUIT WINCH; exec "$0"`, binary)
	command.Env = []string{"B=1", "A=x", "A=y", "EMPTY=", "odd", "GOMAXPROCS=7", "GODEBUG=nonsense=1", "TZ=:/nowhere"}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ignore := ignored(t)
	if least := uint64(1<<(unix.SIGHUP-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGWINCH-1)); ignore&least != least {
		t.Fatalf("a shell ignores %x, want at least %x", ignore, least)
	}
	lines := strings.Split(string(out), "\n")
	for _, want := range []string{fmt.Sprintf("mask %x", blocked.Val[0]), fmt.Sprintf("ignore %x", ignore), "nofile 77", "procs 1", fmt.Sprintf("SigBlk:\t%016x", blocked.Val[0])} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in:\n%s", want, out)
		}
	}
	var env []string
	for _, m := range regexp.MustCompile(`(?m)^env "(.*)"$`).FindAllStringSubmatch(string(out), -1) {
		if !strings.HasPrefix(m[1], "PWD=") && !strings.HasPrefix(m[1], "_=") && !strings.HasPrefix(m[1], "SHLVL=") && !strings.HasPrefix(m[1], "OLDPWD=") {
			env = append(env, m[1])
		}
	}
	for _, want := range []string{"B=1", "EMPTY=", "GOMAXPROCS=7", "GODEBUG=nonsense=1", "TZ=:/nowhere"} {
		if !slices.Contains(env, want) {
			t.Errorf("the environment has no %q: %q", want, env)
		}
	}
	command = exec.Command(binary)
	command.Env = []string{"B=1", "A=x", "odd", "EMPTY="}
	if out, err = command.CombinedOutput(); err != nil || !strings.Contains(string(out), "env \"B=1\"\nenv \"A=x\"\nenv \"odd\"\nenv \"EMPTY=\"\n") {
		t.Errorf("the environment is not as it was given: %v\n%s", err, out)
	}
}

// Each exit status arrives.
func TestExitGivesTheStatus(t *testing.T) {
	binary := program(t)
	for _, status := range []int{0, 1, 15, 16, 137, 255} {
		command := exec.Command(binary, "exit", fmt.Sprint(status))
		if _ = command.Run(); command.ProcessState.ExitCode() != status {
			t.Errorf("exit %d: %v", status, command.ProcessState)
		}
		// As Exit does it where exit_group is refused.
		command = exec.Command(binary)
		command.Args = []string{"", string([]byte{'A' + byte(status>>4), 'A' + byte(status&15)})}
		if _ = command.Run(); command.ProcessState.ExitCode() != status {
			t.Errorf("executed for exit %d: %v", status, command.ProcessState)
		}
	}
}

// Where Go's runtime gets no memory or no thread, one line says what to raise, and the status is 70.
func TestTheLastWordsOfTheRuntimeAreOurs(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("sh has no ulimit -u: ", err)
	}
	binary := program(t)
	for _, c := range []struct{ what, arguments, limit, says string }{
		{"no address space", "", "ulimit -v 100000", "no memory for Go's runtime: raise the limits"},
		{"memory used up", "grow up", "ulimit -v 2000000", "no memory for Go's runtime: raise the limits"},
		{"no thread", "thread x", "ulimit -u 12", "cannot create a thread: raise the pids limit"},
	} {
		command := exec.Command(bash, "-c", c.limit+`; exec "$0" `+c.arguments, binary)
		if c.what == "no thread" {
			if os.Getuid() != 0 {
				continue // a limit of our own user's processes counts all of them
			}
			command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 50505, Gid: 50505}}
		}
		out, _ := command.CombinedOutput()
		if text := string(out); command.ProcessState.ExitCode() != 70 || !strings.HasPrefix(text, "sexton: ") || !strings.Contains(text, c.says) || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %v\n%s", c.what, command.ProcessState, text)
		}
	}
}

// The runtime's other last words are printed unchanged, with its own status.
func TestOtherLastWordsOfTheRuntimeAreUnchanged(t *testing.T) {
	command := exec.Command(program(t), "deadlock")
	out, _ := command.CombinedOutput()
	if !strings.HasPrefix(string(out), "fatal error: all goroutines are asleep - deadlock!\n") || !strings.Contains(string(out), "goroutine 1 ") || command.ProcessState.ExitCode() != 2 {
		t.Errorf("%v\n%s", command.ProcessState, out)
	}
}

// Without the entry, what the runtime leaves alone is told.
func TestWithoutTheEntryIgnoredSignalsAreSeen(t *testing.T) {
	if mask, _ := Inherited(); mask != 0 || InheritedNofile().Max != 0 {
		t.Errorf("mask %x, limit %v", mask, InheritedNofile())
	}
	const someSignal = 40
	var before Action
	if errno := Sigaction(someSignal, nil, &before); errno != 0 {
		t.Fatal(errno)
	}
	ignore := Action{Handler: SigIgnore}
	if errno := Sigaction(someSignal, &ignore, nil); errno != 0 {
		t.Fatal(errno)
	}
	defer Sigaction(someSignal, &before, nil)
	if _, ignored := Inherited(); ignored&(1<<(someSignal-1)) == 0 {
		t.Errorf("ignored are %x", ignored)
	}
	if env := Environ(); !slices.Equal(env, os.Environ()) {
		t.Errorf("the environment: %q", env)
	}
	for _, call := range Refused() {
		t.Errorf("%s is said to be refused", call.Name)
	}
}
