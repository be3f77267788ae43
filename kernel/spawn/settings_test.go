package spawn

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

func TestMain(m *testing.M) {
	scene.Main(m, map[string]scene.Scene{
		"tell": tell, "heir": heirs, "unprivileged": unprivileged, "first": firstOfItsNamespace, "limited": underALimit, "nothing open": leaveNothingOpen, "no stdin": withoutStdin,
		"refused": refused,
	})
}

// tell is a child that says how it finds itself.
func tell(*scene.T) {
	dir, _ := os.Getwd()
	mask := unix.Umask(0)
	session, _ := unix.Getsid(0)
	var death int32
	_ = unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&death)), 0, 0, 0)
	fmt.Printf("dir=%s umask=%03o session=%v group=%v death=%d %s\n", dir, mask, session == os.Getpid(), unix.Getpgrp() == os.Getpid(), death, rights())
}

// rights are the settings of priority and of rights.
func rights() string {
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	io, _, _ := unix.RawSyscall(unix.SYS_IOPRIO_GET, 1, 0, 0)
	policy, _, _ := unix.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	var priority int32
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_GETPARAM, 0, uintptr(unsafe.Pointer(&priority)), 0)
	fixed, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return fmt.Sprintf("nice=%d ionice=%d:%d scheduler=%d:%d fixed=%d", 20-nice, io>>13, io&7, policy, priority, fixed)
}

// Each setting is in force when the program begins, and the zero value leaves what we have.
func TestChildHasItsSettings(t *testing.T) {
	dir := t.TempDir()
	ours, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	mask := unix.Umask(0)
	unix.Umask(mask)
	asUs := map[string]string{"dir": ours, "umask": fmt.Sprintf("%03o", mask), "session": "false", "group": "true", "death": "0"}
	for word := range strings.FieldsSeq(rights()) {
		key, value, _ := strings.Cut(word, "=")
		asUs[key] = value
	}
	for _, c := range []struct {
		settings proc.Settings
		key      string
		want     string
	}{
		{proc.Settings{}, "", ""},
		{proc.Settings{Dir: dir}, "dir", dir},
		{proc.Settings{Umask: new(proc.Umask(0o027))}, "umask", "027"},
		{proc.Settings{Umask: new(proc.Umask(0))}, "umask", "000"},
		{proc.Settings{Session: true}, "session", "true"},
		{proc.Settings{Nice: new(7)}, "nice", "7"},
		{proc.Settings{IONice: &proc.IONice{Class: 2, Level: 6}}, "ionice", "2:6"},
		{proc.Settings{IONice: &proc.IONice{Class: 3}}, "ionice", "3:0"},
		{proc.Settings{Scheduler: &proc.Scheduler{Policy: 3}}, "scheduler", "3:0"},
		{proc.Settings{Scheduler: &proc.Scheduler{Policy: 5}}, "scheduler", "5:0"},
		{proc.Settings{NoNewPrivileges: true}, "fixed", "1"},
		{proc.Settings{ParentDeath: proc.USR1}, "death", strconv.Itoa(int(proc.USR1))},
	} {
		output, exit := run(t, &proc.Command{Argv: []string{"/proc/self/exe"}, Env: scene.Command("tell").Env, Settings: c.settings})
		if exit.Status() != 0 {
			t.Errorf("%+v: %v", c.settings, exit)
		}
		for word := range strings.FieldsSeq(output) {
			key, got, _ := strings.Cut(word, "=")
			want := asUs[key]
			if key == c.key {
				want = c.want
			}
			if got != want {
				t.Errorf("%+v: %s is %s, not %s", c.settings, key, got, want)
			}
		}
	}
}
