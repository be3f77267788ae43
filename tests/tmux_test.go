package tests

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"sexton/internal/story"
)

// window is one window of a tmux server of our own.
type window struct {
	t    *testing.T
	name string // of the server's socket
}

// newWindow runs a command in a terminal of tmux, 80 columns by 24 lines.
func newWindow(t *testing.T, command string) window {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux is installed")
	}
	w := window{t, fmt.Sprintf("sexton-%d-%s", os.Getpid(), strings.ToLower(t.Name()))}
	t.Cleanup(func() { exec.Command("tmux", "-L", w.name, "kill-server").Run() })
	w.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "env", "PS1=ready: ", "TERM=dumb", "sh", "-c", command)
	return w
}

func (w window) tmux(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", w.name}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (w window) keys(keys ...string) {
	w.t.Helper()
	w.tmux(append([]string{"send-keys"}, keys...)...)
}

// until waits until the window shows what the regex says.
func (w window) until(regex string) {
	w.t.Helper()
	shows := regexp.MustCompile("(?m)" + regex)
	seen := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if seen = w.tmux("capture-pane", "-p"); shows.MatchString(seen) {
			return
		}
	}
	w.t.Fatalf("the window never showed %q, but\n%s", regex, seen)
}

func builtFor(t *testing.T) (sexton, helpers string) {
	t.Helper()
	sexton, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	if helpers, err = story.Helpers(); err != nil {
		t.Fatal(err)
	}
	return sexton, helpers
}

// A shell under sexton in a window of tmux has the terminal: job control, keys
// and the size of the window.
func TestTmuxShellHasJobControl(t *testing.T) {
	sexton, _ := builtFor(t)
	w := newWindow(t, "exec "+sexton+" -- bash --norc -i")
	w.until("ready:$")
	w.keys("sh -c 'echo first; exec sleep 1000'", "Enter")
	w.until("^first$")
	w.keys("C-z")
	w.until("Stopped ")
	w.keys("fg", "Enter")
	w.until("^sh -c ")
	w.keys("C-c")
	w.keys("echo status $?", "Enter")
	w.until("^status 130$")
	w.tmux("resize-window", "-x", "91", "-y", "31")
	w.keys("stty size", "Enter")
	w.until("^31 91$")
	w.keys("sh -c 'echo second; exec sleep 1000'", "Enter")
	w.until("^second$")
	w.keys("C-\\")
	w.until("Quit")
	w.keys("exit 3", "Enter")
	soon(t, "the end of the window with its shell", func() bool {
		return exec.Command("tmux", "-L", w.name, "has-session").Run() != nil
	})
}

// A shell that starts sexton keeps its terminal: it gets it back at the end, with
// its modes, and a start in the background takes nothing.
func TestTmuxTerminalComesBack(t *testing.T) {
	sexton, helpers := builtFor(t)
	w := newWindow(t, "exec bash --norc -i")
	w.until("ready:$")
	w.keys(sexton+" -- sh -c 'stty raw -echo; exit 4'; echo ended $?", "Enter")
	w.until("^ended 4$")
	w.keys("stty -a | grep -o -w -e '-*icanon' -e '-*echo' | tr '\\n' ' '", "Enter")
	w.until("^icanon echo")

	w.keys(sexton+" -- "+helpers+"/echo-signals e until=QUIT; echo ended $?", "Enter")
	w.until("^e ready")
	w.keys("C-c")
	w.until("e INT from=0 by=kernel")
	w.keys("C-\\")
	w.until("e QUIT from=0 by=kernel")
	w.until("^ended 0$")

	w.keys(sexton+" -- sh -c 'sleep 1; echo in the background' &", "Enter")
	w.keys("echo typed $((6*7))", "Enter")
	w.until("^typed 42$")
	w.until("in the background$")
	w.keys("echo typed $((6*8))", "Enter")
	w.until("^typed 48$")
}
