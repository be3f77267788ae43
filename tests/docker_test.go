package tests

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sexton/internal/story"
)

// These tests need a Docker engine, and no registry: their images are made of
// what is here. Each runs for the image FROM scratch; those with "shell" in
// their name need a user land: busybox, or a whole Debian by debootstrap with
// SEXTON_DEBOOTSTRAP=1.

// dockerBound is how long any one command of Docker may take.
const dockerBound = 60 * time.Second

// promptly is how long a stop may take that nothing holds up. It tells it from one
// that lasts until Docker kills, ten seconds later, on a busy machine too.
const promptly = 7 * time.Second

// containers numbers the containers of this process.
var containers atomic.Int64

// docker runs the client and returns what it printed and its exit status.
func docker(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dockerBound)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if failure := cmd.Run(); ctx.Err() != nil {
		t.Fatalf("docker %q: %v after %v\nstdout: %s\nstderr: %s", args, failure, dockerBound, &out, &err)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// must runs the client, which has to succeed, and returns its stdout.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err, status := docker(t, args...)
	if status != 0 {
		t.Fatalf("docker %q: status %d\nstdout: %s\nstderr: %s", args, status, out, err)
	}
	return strings.TrimSpace(out)
}

// needDocker skips where no engine answers.
func needDocker(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip("no docker client")
	}
	if out, err := exec.Command("docker", "info", "--format", "{{.ServerVersion}}").CombinedOutput(); err != nil {
		t.Skipf("no docker engine answers: %v: %s", err, out)
	}
}

// servicesFile is in every image, at /srv/services.toml.
const servicesFile = `[init]
grace = "5s"
[service.db]
command = ["http-hello", "127.0.0.1:5432", "name=db"]
ready = { tcp = "127.0.0.1:5432" }
[service.web]
command = ["worker", "web"]
needs = ["db"]
`

// loneFile is in every image, at /srv/lone.toml.
const loneFile = "[service.lone]\ncommand = [\"worker\", \"lone\"]\n"

// terminalFile is in every image, at /srv/terminal.toml.
const terminalFile = `[init]
main = "web"
[service.web]
command = ["terminal", "web", "status=3"]
tty = "pty"
`

// pidFileServices is in every image, at /srv/pid-file.toml.
const pidFileServices = `[service.first]
command = ["pid-file", "/data/pid"]
[service.second]
command = ["worker", "second"]
`

// scratchImage imports an image of nothing but the binary, the helpers and a
// file, and returns its name.
func scratchImage(t *testing.T) string {
	t.Helper()
	return importImage(t, "scratch", nil)
}

// shellImage imports an image with a user land and a shell.
func shellImage(t *testing.T) string {
	t.Helper()
	needDocker(t)
	if os.Getenv("SEXTON_DEBOOTSTRAP") == "1" {
		return importImage(t, "debian", debian(t))
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox is installed, and SEXTON_DEBOOTSTRAP is not 1")
	}
	return importImage(t, "busybox", func(w *tar.Writer) error {
		for _, name := range []string{"sh", "ls", "cat", "sleep", "grep", "kill", "ps", "true"} {
			if err := addLink(w, "bin/"+name, "busybox"); err != nil {
				return err
			}
		}
		return addFile(w, "bin/busybox", busybox)
	})
}

// fileIn puts a file with that text into an image.
func fileIn(name, text string) func(*tar.Writer) error {
	return func(w *tar.Writer) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err := io.WriteString(w, text)
		return err
	}
}

// importImage makes an image of what every image holds and what more adds.
func importImage(t *testing.T, name string, more func(*tar.Writer) error) string {
	t.Helper()
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := story.Helpers()
	if err != nil {
		t.Fatal(err)
	}
	changes := []string{`ENTRYPOINT ["/sexton"]`, "ENV PATH=/opt:/usr/sbin:/usr/bin:/sbin:/bin"}
	return importTar(t, name, changes, func(w *tar.Writer) error { return writeImage(w, binary, bin, more) })
}

// importTar makes an image of what fill puts into it, to be removed when the
// test is over; changes are instructions of a Dockerfile.
func importTar(t *testing.T, name string, changes []string, fill func(*tar.Writer) error) string {
	t.Helper()
	needDocker(t)
	tag := fmt.Sprintf("sexton-test-%s:%d-%d", name, os.Getpid(), containers.Add(1))
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	cmd := exec.Command("docker", append(args, "-", tag)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", tag).Run() })
	w := tar.NewWriter(in)
	if err := errors.Join(fill(w), w.Close(), in.Close(), cmd.Wait()); err != nil {
		t.Fatalf("docker import: %v\n%s", err, &out)
	}
	return tag
}

func writeImage(w *tar.Writer, binary, bin string, more func(*tar.Writer) error) error {
	if more != nil {
		if err := more(w); err != nil {
			return err
		}
	}
	if err := errors.Join(fileIn("srv/services.toml", servicesFile)(w), fileIn("srv/lone.toml", loneFile)(w), fileIn("srv/terminal.toml", terminalFile)(w), fileIn("srv/pid-file.toml", pidFileServices)(w)); err != nil {
		return err
	}
	if err := errors.Join(addFile(w, "sexton", binary), addLink(w, "opt/tini", "/sexton"), addFile(w, "opt/helper", filepath.Join(bin, "helper"))); err != nil {
		return err
	}
	entries, err := os.ReadDir(bin)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type()&fs.ModeSymlink != 0 {
			if err := addLink(w, "opt/"+entry.Name(), "helper"); err != nil {
				return err
			}
		}
	}
	return nil
}

func addFile(w *tar.Writer, name, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func addLink(w *tar.Writer, name, target string) error {
	return w.WriteHeader(&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink})
}

// plainFiles hides what a tar file of package tar cannot carry.
type plainFiles struct{ fs.ReadLinkFS }

func (p plainFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(p.ReadLinkFS, name)
	var kept []fs.DirEntry
	for _, entry := range entries {
		if entry.Type()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) == 0 {
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// notNeeded is what an image leaves out of Debian, because each layer of an image
// is compared with the one below, file by file: texts, Perl, and the
// compiler that PostgreSQL does without when it is not there.
var notNeeded = regexp.MustCompile(`^(var/cache|var/lib/apt|usr/share/(doc|man|locale|i18n|perl)|usr/lib/[^/]+/(perl[^/]*|gconv)|usr/lib/postgresql/\d+/lib/bitcode)/.|/(libLLVM|libz3|llvmjit)[^/]*$`)

// neededFiles hides the files of a tree that are not needed.
type neededFiles struct{ plainFiles }

func (n neededFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := n.plainFiles.ReadDir(name)
	var kept []fs.DirEntry
	for _, entry := range entries {
		if !notNeeded.MatchString(filepath.Join(name, entry.Name())) {
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// debian adds a small Debian with the packages that the examples install, kept
// for next time.
func debian(t *testing.T) func(*tar.Writer) error {
	t.Helper()
	const dir = "/var/tmp/sexton-debian-bookworm-examples"
	debootstrap(t, dir, "--include=nginx-light,redis-server,postgresql,curl")
	return func(w *tar.Writer) error {
		return w.AddFS(neededFiles{plainFiles{os.DirFS(dir).(fs.ReadLinkFS)}})
	}
}

// debootstrap makes a Debian in a directory, unless it is there from last time.
func debootstrap(t *testing.T, dir string, flags ...string) {
	t.Helper()
	if _, err := os.Stat(dir + "/bin/sh"); err == nil {
		return
	}
	// Under another name until it is whole.
	half, err := os.MkdirTemp(filepath.Dir(dir), "sexton-debian-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(half)
	out, err := exec.Command("debootstrap", append(append([]string{"--variant=minbase"}, flags...), "bookworm", half)...).CombinedOutput()
	if err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, out)
	}
	if err := errors.Join(os.Chmod(half, 0o755), os.Rename(half, dir)); err != nil {
		t.Fatal(err)
	}
}

// container is one that has been started.
type container struct {
	t    *testing.T
	name string
}

// newName reserves a name, and the removal of what will bear it.
func newName(t *testing.T) string {
	name := fmt.Sprintf("sexton-test-%d-%d", os.Getpid(), containers.Add(1))
	t.Cleanup(func() { exec.Command("docker", "rm", "-f", "-v", name).Run() })
	return name
}

// start runs a container in the background; args are flags, the image, and what
// the binary gets.
func start(t *testing.T, args ...string) container {
	t.Helper()
	name := newName(t)
	must(t, append([]string{"run", "-d", "--network", "none", "--name", name}, args...)...)
	return container{t, name}
}

// until waits until the logs of the container match.
func (c container) until(regex string) {
	c.t.Helper()
	re := regexp.MustCompile("(?m)" + regex)
	var out, err string
	running := "true"
	for deadline := time.Now().Add(15 * time.Second); running == "true" && time.Now().Before(deadline); {
		running = must(c.t, "inspect", "--format", "{{.State.Running}}", c.name)
		out, err, _ = docker(c.t, "logs", c.name)
		if re.MatchString(out) || re.MatchString(err) {
			return
		}
	}
	c.t.Fatalf("no %q\nstdout: %s\nstderr: %s\nstate: %s", regex, out, err,
		must(c.t, "inspect", "--format", "{{json .State}}", c.name))
}

// status waits for the end of the container and returns its exit status.
func (c container) status() string {
	c.t.Helper()
	return must(c.t, "wait", c.name)
}

// shutDown ends the container by `sexton shutdown` in it, and returns its status and what
// the command said. Docker's client may miss the end of an exec whose container ends in the
// same moment, and wait for ever: it is not waited for when the container has ended.
func (c container) shutDown(ask ...string) (status, said string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), dockerBound)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", append(append([]string{"exec"}, ask...), c.name, "/sexton", "shutdown")...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	status = c.status()
	timer := time.AfterFunc(2*time.Second, cancel)
	defer timer.Stop()
	_ = cmd.Wait()
	return status, out.String()
}

// states lists the states of the processes of the container, as ps has them.
func (c container) states() string {
	c.t.Helper()
	return must(c.t, "top", c.name, "-eo", "pid,stat,comm")
}

func TestDockerGivesTheExitStatus(t *testing.T) {
	image := scratchImage(t)
	for _, test := range []struct {
		args []string
		want int
	}{
		{[]string{"--", "exit-with", "0"}, 0},
		{[]string{"--", "exit-with", "7"}, 7},
		{[]string{"exit-with", "8"}, 8},
		{[]string{"--", "exit-with", "SEGV"}, 139},
		{[]string{"--", "no-such-command"}, 127},
		{[]string{"--", "/srv/services.toml"}, 126},
		{[]string{"--no-such-flag"}, 64},
		{[]string{"-c", "/srv/no-such-file.toml"}, 78},
		{[]string{"-c", "/srv/services.toml", "--", "exit-with", "9"}, 9},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			args := append([]string{"run", "--network", "none", "--name", newName(t), image}, test.args...)
			if out, err, got := docker(t, args...); got != test.want {
				t.Errorf("status %d, want %d\nstdout: %s\nstderr: %s", got, test.want, out, err)
			}
		})
	}
}

// A stop takes as long as the program takes, and not the ten seconds after which
// Docker kills.
func TestDockerStopIsPromptAndPolite(t *testing.T) {
	image := scratchImage(t)
	for _, test := range []struct {
		name  string
		args  []string
		ready string
		want  string
	}{
		{"command that dies of it", []string{"--", "stranger"}, "here", "143"},
		{"command that handles it", []string{"--", "worker", "w", "status=6"}, "w up", "6"},
		{"services", []string{"-c", "/srv/services.toml"}, "web up", "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, append([]string{image}, test.args...)...)
			c.until(test.ready)
			began := time.Now()
			must(t, "stop", "-t", "10", c.name)
			if took := time.Since(began); took > promptly {
				t.Errorf("docker stop took %v", took)
			}
			if got := c.status(); got != test.want {
				t.Errorf("status %s, want %s", got, test.want)
			}
		})
	}
}

func TestDockerKillSendsAnySignal(t *testing.T) {
	image := scratchImage(t)
	c := start(t, image, "--", "echo-signals", "e", "until=TERM", "status=5")
	c.until("e ready")
	for _, name := range []string{"USR1", "HUP", "WINCH", "RTMIN+3", "QUIT"} {
		must(t, "kill", "-s", name, c.name)
		c.until("^e " + regexp.QuoteMeta(name) + " from=1 ")
	}
	must(t, "kill", "-s", "TERM", c.name)
	if got := c.status(); got != "5" {
		t.Errorf("status %s, want 5", got)
	}
	// systemd's way of asking a container to stop
	c = start(t, image, "-c", "/srv/services.toml")
	c.until("web up")
	must(t, "kill", "-s", "RTMIN+3", c.name)
	if got := c.status(); got != "0" {
		t.Errorf("services: status %s, want 0", got)
	}
}

func TestDockerShowsNoZombies(t *testing.T) {
	image := scratchImage(t)
	c := start(t, image, "-c", "/srv/services.toml")
	c.until("web up")
	must(t, "exec", c.name, "/opt/orphans", "500")
	must(t, "exec", c.name, "/opt/double-fork", "2", "dd", "session")
	zombie := regexp.MustCompile(`(?m)^\s*\d+\s+Z`)
	for deadline := time.Now().Add(10 * time.Second); zombie.MatchString(c.states()); {
		if time.Now().After(deadline) {
			t.Fatalf("zombies are left:\n%s", c.states())
		}
	}
	if states := c.states(); strings.Count(states, "\n") != 5 {
		t.Errorf("want the init, two services and two daemons:\n%s", states)
	}
	must(t, "stop", c.name)
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0", got)
	}
}

// What hardens a container does not hinder us.
func TestDockerHardened(t *testing.T) {
	image := scratchImage(t)
	for _, test := range []struct {
		name  string
		flags []string
	}{
		{"read-only", []string{"--read-only"}},
		{"user", []string{"--user", "12345"}},
		{"no capabilities", []string{"--cap-drop", "ALL", "--security-opt", "no-new-privileges"}},
		{"few processes", []string{"--pids-limit", "32"}},
		{"init of Docker's", []string{"--init"}},
		{"all", []string{"--read-only", "--user", "12345:0", "--cap-drop", "ALL", "--pids-limit", "32"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			flags := append([]string{"run", "--network", "none", "--name", newName(t)}, test.flags...)
			out, err, status := docker(t, append(flags, image, "--", "exit-with", "7")...)
			if status != 7 {
				t.Errorf("one command: status %d, want 7\nstdout: %s\nstderr: %s", status, out, err)
			}
			flags[4] = newName(t)
			out, err, status = docker(t, append(flags, image, "-c", "/srv/terminal.toml")...)
			if status != 3 || !strings.Contains(out, "web: terminals 0 1 2, size 24x80") || !strings.Contains(out, "web: controlling true, leader true") {
				t.Errorf("a terminal of its own: status %d\nstdout: %s\nstderr: %s", status, out, err)
			}
			c := start(t, append(test.flags, image, "-c", "/srv/services.toml")...)
			c.until("web up")
			must(t, "exec", c.name, "/opt/orphans", "20", "batch=2")
			must(t, "stop", c.name)
			if got := c.status(); got != "0" {
				t.Errorf("services: status %s, want 0\n%s", got, must(t, "logs", c.name))
			}
		})
	}
	t.Run("16 processes", func(t *testing.T) {
		out, err, status := docker(t, "run", "--network", "none", "--name", newName(t), "--pids-limit", "16", image, "--", "exit-with", "7")
		if status != 7 {
			t.Errorf("status %d, want 7\nstdout: %s\nstderr: %s", status, out, err)
		}
	})
}

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

// Who detaches leaves the command as it is; who attaches again has its terminal, where Ctrl-C
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
