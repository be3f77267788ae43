package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pidMaxIsPrivate tells whether a PID namespace has a pid_max of its own, as it has since
// Linux 6.14 (kernel/pid_namespace.c). Before, the number is the whole machine's, and no
// test's to change.
func pidMaxIsPrivate(t *testing.T) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^(\d+)\.(\d+)`).FindStringSubmatch(unix.ByteSliceToString(name.Release[:]))
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 6 || major == 6 && minor >= 14
}

// stormFile is a file with a service that does nothing, one that forks until the kernel has no PID left,
// one that makes orphans, and one that crashes.
func stormFile(t *testing.T, dir, bare string) string {
	t.Helper()
	// The programs need no thread, and the steady one needs no child, for which there may be no
	// PID left: when the PIDs have been given out once, the kernel begins again at 300
	// (RESERVED_PIDS in kernel/pid.c), so that with a pid_max of 301 there is one.
	hold := filepath.Join(dir, "hold")
	if err := unix.Mkfifo(hold, 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
[init]
grace = "10s"
[service.steady]
command = "trap 'echo steady stopping; exit' TERM; exec 3<>%[1]s; echo steady up; while :; do read -r line <&3; done"
[service.bomb]
command = "i=0; while [ $i -lt 330 ]; do %[2]s w0 & i=$((i+1)); done; wait; exit 4"
[service.storm]
command = "i=0; while [ $i -lt 300 ]; do (%[2]s 0 &); i=$((i+1)); done; exit 5"
[service.crash]
command = [%[2]q, "3"]
`, hold, bare)
	for _, name := range []string{"bomb", "storm", "crash"} {
		text = strings.Replace(text, "[service."+name+"]\n", "[service."+name+"]\nneeds = [\"steady\"]\ngive_up = { starts = 0 }\n"+
			"backoff = { first = \"10ms\", factor = 1.0, max = \"10ms\" }\nlog = { overflow = \"drop\" }\n", 1)
	}
	file := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// untilStormy waits until each kind of trouble has happened often enough.
func untilStormy(t *testing.T, init *exec.Cmd, out *heard) {
	t.Helper()
	by := time.Now().Add(60 * time.Second)
	for {
		crash, storm, bomb, refused := out.count("crash: exited with status 3"), out.count("storm: exited"), out.count("bomb: exited"), out.count("cannot start: fork")
		if crash >= 60 && storm >= 5 && bomb >= 5 && refused > 0 {
			return
		}
		if time.Now().After(by) || init.ProcessState != nil {
			t.Fatalf("crash %d, storm %d, bomb %d times, fork refused %d times in a minute:\n%s", crash, storm, bomb, refused, last(out))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// In a container with 300 PIDs, one service forks until there are none left, another makes thousands of
// orphans and a third crashes again and again, so the kernel reuses each PID within
// a second. sexton never takes one process for another: the service that does nothing gets no signal and is not
// started again, and gets TERM once, at the end.
func TestPIDMaxWithForkStorms(t *testing.T) {
	if !pidMaxIsPrivate(t) {
		t.Skip("pid_max belongs to the whole machine before Linux 6.14")
	}
	if os.Geteuid() != 0 {
		t.Skip("setting pid_max needs root")
	}
	needWorld(t)
	const machines = "/proc/sys/kernel/pid_max"
	before, err := os.ReadFile(machines)
	if err != nil {
		t.Skip(err)
	}
	sexton, dir := provedSexton(t)
	bare, err := bareBinary()
	if err != nil {
		t.Fatal(err)
	}
	out := new(heard)
	init := worldOf(exec.Command("/bin/sh", "-c", `
		mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs run /run && echo 301 > /proc/sys/kernel/pid_max || exit 99
		exec "$0" -c "$1"`, sexton, stormFile(t, dir, bare)))
	init.Stdout, init.Stderr = out, out
	init.WaitDelay = 5 * time.Second
	if err := init.Start(); err != nil {
		t.Skip(err)
	}
	defer init.Process.Kill()
	untilStormy(t, init, out)
	if err := init.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := init.Wait(); err != nil {
		if init.ProcessState.ExitCode() == 99 {
			t.Skipf("pid_max cannot be set in a namespace here: %s", out)
		}
		t.Errorf("the end: %v\n%s", err, last(out))
	}
	if n := out.count("steady up"); n != 1 {
		t.Errorf("the steady service was started %d times\n%s", n, last(out))
	}
	if n := out.count("steady stopping"); n != 1 {
		t.Errorf("the steady service got TERM %d times\n%s", n, last(out))
	}
	if said := out.String(); crashed.MatchString(said) || strings.Contains(said, "internal error") {
		t.Errorf("something is broken:\n%s", last(out))
	}
	if after, err := os.ReadFile(machines); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the machine's pid_max was %s and is %s (%v)", before, after, err)
	}
}

func last(out *heard) string {
	text := out.String()
	return text[max(0, len(text)-3000):]
}
