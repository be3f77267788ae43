package tests

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/story"
)

// refused is one case of the sweep.
type refused struct{ call, errno string }

func (r refused) String() string { return r.call + "-" + r.errno }

// refusedCalls are all the cases; it skips the test where there can be none.
func refusedCalls(t *testing.T) (helper string, cases []refused) {
	t.Helper()
	bin, err := story.Helpers()
	if err != nil {
		t.Fatal(err)
	}
	helper = filepath.Join(bin, "without")
	if out, err := worldOf(exec.Command(helper, "world=yes", "time", "true")).CombinedOutput(); err != nil {
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = path.Err // the same words in each run, so that make test can count by them
		}
		t.Skipf("no namespaces, or no seccomp filter can be installed here (%v) %s", err, out)
	}
	list, err := exec.Command(helper, "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	calls := strings.Fields(string(list))
	slices.Sort(calls)
	for _, call := range calls {
		cases = append(cases, refused{call, "EPERM"}, refused{call, "ENOSYS"})
	}
	return helper, cases
}

// worldOf puts a command into namespaces of its own, where it is PID 1.
func worldOf(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

// needWorld skips where worldOf gives no namespaces in which something can be mounted: in a
// container without rights, and in a chroot, whose root is no mount point.
func needWorld(t *testing.T) {
	t.Helper()
	out, err := worldOf(exec.Command("/bin/sh", "-c", "mount --make-rprivate / && mount -t proc proc /proc")).CombinedOutput()
	if err != nil {
		why, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		t.Skipf("no namespaces can be made here (%s)", cmp.Or(why, err.Error()))
	}
}

var bareBinary = sync.OnceValues(func() (string, error) {
	dir, err := story.Dir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bare")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -E=bare_entry -checklinkname=0", "-o", path, "./testdata/cmd/bare")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build bare: %w\n%s", err, out)
	}
	return path, nil
})

// refusedWithin is how long one case may last.
const refusedWithin = 20 * time.Second

// crashed is what must never be read, whatever else there is.
var crashed = regexp.MustCompile(`(?m)^(goroutine \d|fatal error|panic|runtime|SIG[A-Z]+:|unexpected fault)|runtime\.|\bpc=`)

// outcome is what came of one run.
type outcome struct {
	status int
	signal syscall.Signal
	late   bool
	text   string
}

// heard is what a program has written; it may be read meanwhile.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// count says how often the program has written a text.
func (h *heard) count(text string) int { return strings.Count(h.String(), text) }

func finish(ctx context.Context, cmd *exec.Cmd, out *heard) outcome {
	_ = cmd.Wait()
	o := outcome{late: ctx.Err() != nil, text: out.String()}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		if o.status = ws.ExitStatus(); ws.Signaled() {
			o.signal = ws.Signal()
		}
	}
	return o
}

// judge says what is wrong with an outcome; "" if nothing is. good tells that all went as it should.
func (o outcome) judge(r refused, good bool) string {
	switch {
	case o.late:
		return "hangs"
	case crashed.MatchString(o.text):
		return "crashes"
	case o.signal != 0:
		return "is killed by " + unix.SignalName(o.signal)
	case good:
		return ""
	case !namesCall(o.text, r.call):
		return fmt.Sprintf("has status %d and does not name the call", o.status)
	}
	return ""
}

// namesCall tells whether a text has a word for a call: its name, or what package os calls it.
func namesCall(text, call string) bool {
	names := map[string]string{"newfstatat": "stat|fstatat", "openat": "open", "execve": "exec", "readlinkat": "readlink", "pselect6": "select"}
	pattern := call
	if more := names[call]; more != "" {
		pattern += "|" + more
	}
	return regexp.MustCompile(`\b(` + pattern + `)\b`).MatchString(text)
}

func (r refused) command(ctx context.Context, helper string, argv ...string) (*exec.Cmd, *heard) {
	cmd := worldOf(exec.CommandContext(ctx, helper, append([]string{"error=" + r.errno, "world=yes", r.call}, argv...)...))
	out := new(heard)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	return cmd, out
}

// sweep runs each case, a few at a time.
func sweep(t *testing.T, cases []refused, one func(t *testing.T, r refused) string) {
	t.Helper()
	var group sync.WaitGroup
	gate := make(chan struct{}, 16)
	for _, r := range cases {
		gate <- struct{}{}
		group.Go(func() {
			if wrong := one(t, r); wrong != "" {
				t.Errorf("%s", wrong)
			}
			<-gate
		})
	}
	group.Wait()
}
