// Package scene lets a test run a function in a process of its own, which may change what the whole process shares:
// its signals, its terminal, its user, its descriptors. The process is the test binary once more.
package scene

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A Scene is such a function. It is over when it returns.
type Scene func(s *T)

// T is what a scene says its failures to.
type T struct{ failed bool }

// Errorf says what is wrong, and the scene goes on.
func (s *T) Errorf(format string, args ...any) {
	s.failed = true
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// Fatalf says what is wrong and ends the scene.
func (s *T) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	os.Exit(1)
}

const variable = "SEXTON_SCENE"

// A scene has the main thread: a mask of signals is a thread's, and only init surely runs there.
func init() {
	if os.Getenv(variable) != "" {
		runtime.LockOSThread()
	}
}

// Main is called by TestMain.
func Main(m *testing.M, scenes map[string]Scene) {
	name := os.Getenv(variable)
	if name == "" {
		os.Exit(m.Run())
	}
	var s T
	scenes[name](&s)
	if s.failed {
		os.Exit(1)
	}
	os.Exit(0)
}

// Command runs a scene in a process that the caller may still change.
func Command(name string, args ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", args...)
	command.Env = append(os.Environ(), variable+"="+name)
	return command
}

// Run runs a scene, and tells of its failure. A scene that needs a namespace is skipped where
// none can be made: in a chroot, or where user namespaces are not allowed.
func Run(t *testing.T, name string, attr *syscall.SysProcAttr) {
	t.Helper()
	command := Command(name)
	command.SysProcAttr = attr
	output, err := command.CombinedOutput()
	if attr != nil && attr.Cloneflags != 0 && errors.Is(err, os.ErrPermission) {
		t.Skipf("no namespaces can be made here (%v)", err)
	}
	if err != nil {
		t.Errorf("%v: %s", err, strings.TrimSpace(string(output)))
	}
}
