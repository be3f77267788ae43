package tests

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sexton/internal/story"
)

// session is a `docker run -it` with a person's side of the terminal.
type session struct {
	t    *testing.T
	ours *os.File
	seen chan []byte
	text []byte
	cmd  *exec.Cmd
	name string
}

// interact starts a container with a terminal.
func interact(t *testing.T, args ...string) *session {
	t.Helper()
	name := newName(t)
	return onTerminal(t, name, append([]string{"run", "-it", "--network", "none", "--name", name}, args...)...)
}

// onTerminal runs the client on a terminal of its own; name is the container that
// it is about.
func onTerminal(t *testing.T, name string, args ...string) *session {
	t.Helper()
	ours, theirs, err := story.OpenTerminal()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, ours: ours, seen: make(chan []byte, 100), name: name}
	s.cmd = exec.Command("docker", args...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = theirs, theirs, theirs
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		ours.Close()
	})
	go func() {
		defer close(s.seen)
		for {
			buf := make([]byte, 4096)
			n, err := ours.Read(buf)
			if n > 0 {
				s.seen <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// until waits until what was printed matches.
func (s *session) until(regex string) {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + regex)
	for bound := time.After(20 * time.Second); !re.Match(s.text); {
		select {
		case piece, ok := <-s.seen:
			if !ok {
				s.t.Fatalf("the terminal closed before %q:\n%s", regex, s.text)
			}
			s.text = append(s.text, piece...)
		case <-bound:
			s.t.Fatalf("no %q in 20s:\n%s", regex, s.text)
		}
	}
}

func (s *session) write(text string) {
	s.t.Helper()
	if _, err := s.ours.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// status waits for the end of docker run.
func (s *session) status() int {
	s.t.Helper()
	for bound := time.After(20 * time.Second); ; {
		select {
		case piece, ok := <-s.seen:
			if !ok {
				s.cmd.Wait()
				return s.cmd.ProcessState.ExitCode()
			}
			s.text = append(s.text, piece...)
		case <-bound:
			s.t.Fatalf("docker run does not end:\n%s", s.text)
		}
	}
}

func TestDockerTerminalBelongsToTheCommand(t *testing.T) {
	image := scratchImage(t)
	s := interact(t, image, "--", "echo-signals", "e", "until=TERM", "status=3")
	s.until("e ready")
	s.write("\x03")
	s.until("e INT from=0 by=kernel")
	if err := story.Resize(s.ours, 41, 101); err != nil {
		t.Fatal(err)
	}
	s.until("e WINCH from=0 by=kernel")
	must(t, "kill", "-s", "TERM", s.name)
	if got := s.status(); got != 3 {
		t.Errorf("status %d, want 3", got)
	}
	if n := bytes.Count(s.text, []byte("e INT")); n != 1 {
		t.Errorf("one Ctrl-C came %d times:\n%s", n, s.text)
	}
}

func TestDockerShellHasJobControl(t *testing.T) {
	image := shellImage(t)
	s := interact(t, "-e", "PS1=ready:", image, "-c", "/srv/services.toml", "--", "sh", "-i")
	s.until("web up")
	s.until("ready:")
	s.write("print-env foreground\r")
	s.until("foreground: true")
	s.write("sleep 1000\r")
	sleeps := func(want bool) {
		t.Helper()
		c := container{t, s.name}
		for deadline := time.Now().Add(10 * time.Second); strings.Contains(c.states(), "sleep") != want; {
			if time.Now().After(deadline) {
				t.Fatalf("is there a sleep? it should be %v:\n%s\n%s", want, c.states(), s.text)
			}
		}
	}
	sleeps(true)
	s.write("\x1a")
	s.until("(?i)stopped|suspended")
	s.write("echo still $((6*7))\r")
	s.until("still 42")
	s.write("kill -9 %1\r")
	sleeps(false)
	s.write("sleep 2000\r")
	sleeps(true)
	s.write("\x03")
	sleeps(false)
	s.write("exit 9\r")
	if got := s.status(); got != 9 {
		t.Errorf("status %d, want 9\n%s", got, s.text)
	}
}

func TestDockerShellCommands(t *testing.T) {
	image := shellImage(t)
	for _, test := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"--", "sh", "-c", "echo pid $$; exit 5"}, 5, `^pid \d+$`},
		{[]string{"sh", "-c", "sleep 1000 & exit 6"}, 6, ``},
		{[]string{"-c", "/srv/services.toml", "--", "sh", "-c", "echo main; exit 7"}, 7, `main$`},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			out, err, status := docker(t, append([]string{"run", "--network", "none", "--name", newName(t), image}, test.args...)...)
			if status != test.want || !regexp.MustCompile("(?m)"+test.says).MatchString(out) {
				t.Errorf("status %d, want %d\nstdout: %s\nstderr: %s", status, test.want, out, err)
			}
		})
	}
}

// A client that detaches leaves the command as it is; one that attaches again has its terminal, where Ctrl-C
// still reaches it.
func TestDockerDetachesAndAttaches(t *testing.T) {
	image := scratchImage(t)
	s := interact(t, image, "--", "echo-signals", "e", "until=TERM", "status=3")
	s.until("e ready")
	s.write("\x10\x11") // docker's keys: Ctrl-P Ctrl-Q
	if got := s.status(); got != 0 {
		t.Fatalf("docker run, detached: status %d", got)
	}
	again := onTerminal(t, s.name, "attach", s.name)
	if err := story.Resize(again.ours, 41, 101); err != nil {
		t.Fatal(err)
	}
	again.until("e WINCH")
	again.write("\x03")
	again.until("e INT from=0 by=kernel")
	must(t, "kill", "-s", "TERM", s.name)
	if got := again.status(); got != 3 {
		t.Errorf("status %d, want 3\n%s", got, again.text)
	}
}
