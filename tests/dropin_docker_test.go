package tests

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sexton/internal/story"
)

// These tests put us where Docker and Podman have their own inits. A Docker
// engine says for all of its containers at once which init --init means, so one
// of our own is started, beside any that is there.

// installed is a directory with a copy of the binary under another name, as
// who replaces an init would install it.
func installed(t *testing.T, name string) string {
	t.Helper()
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// engine starts a dockerd whose init is ours and lets every further docker of
// this test speak to it. It returns the process, and what that has logged so far.
func engine(t *testing.T) (process *os.Process, logged func() string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a Docker engine of our own needs root")
	}
	for _, need := range []string{"docker", "dockerd", "containerd", "runc", "unshare"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("no %s for a Docker engine of our own", need)
		}
	}
	// Paths of sockets are short, and t.TempDir insists on an empty end.
	dir, err := os.MkdirTemp("", "sexton-engine-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/daemon.json", []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := "unix://" + dir + "/s"
	// In a network of its own: one without a bridge takes the bridge of the other away.
	cmd := exec.Command("unshare", "--net", "dockerd", "-H", socket, "--config-file", dir+"/daemon.json", "--init-path", installed(t, "docker-init"),
		"--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid",
		"--containerd-namespace", filepath.Base(dir), "--containerd-plugins-namespace", filepath.Base(dir)+"-plugins",
		"--storage-driver", "vfs", "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")
	var log output
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Skipf("no Docker engine of our own can be started: %v", err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(30 * time.Second):
			cmd.Process.Kill()
			<-over
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("left behind: %v", err)
		}
	})
	t.Setenv("DOCKER_HOST", socket)
	untilAnswers(t, over, log.text)
	return cmd.Process, log.text
}

// untilAnswers waits until the engine of DOCKER_HOST answers, and skips the test when it ends before.
func untilAnswers(t *testing.T, over chan error, logged func() string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := exec.Command("docker", "info").Output()
		if err == nil {
			return
		}
		select {
		case failure := <-over:
			over <- failure
			t.Skipf("a Docker engine of our own does not run here: %v\n%s", failure, lastLines(logged()))
		default:
		}
		if time.Now().After(deadline) {
			t.Skipf("a Docker engine of our own does not answer here: %v\n%s", err, lastLines(logged()))
		}
	}
}

// output collects what a program writes while others read it.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// ends are commands, and the status with which a container ends that runs them.
var ends = []struct {
	args []string
	want int
}{
	{[]string{"exit-with", "7"}, 7},
	{[]string{"exit-with", "TERM"}, 143},
	{[]string{"no-such-command"}, 127},
	{[]string{"/srv/services.toml"}, 126},
}

func TestDockerTakesUsForItsInit(t *testing.T) {
	_, logged := engine(t)
	image := scratchImage(t)

	// dockerd has asked us for our version, and has understood it.
	if seen := must(t, "info", "--format", "{{.InitBinary}} {{.InitCommit.ID}}"); !strings.HasSuffix(seen, "docker-init sexton") {
		t.Errorf("docker info says %q of the init", seen)
	}
	if seen := must(t, "version", "--format", `{{range .Server.Components}}{{.Name}} {{.Version}}/{{end}}`); !strings.Contains(seen, "docker-init 0.19.0/") {
		t.Errorf("docker version says %q", seen)
	}
	if strings.Contains(logged(), "unknown output format") || strings.Contains(logged(), "failed to parse") {
		t.Errorf("the engine does not understand our version:\n%s", logged())
	}

	run := []string{"run", "--rm", "--init", "--network", "none", "--entrypoint", ""}
	for _, test := range ends {
		if out, err, got := docker(t, append(append(run, image), test.args...)...); got != test.want {
			t.Errorf("%q: status %d, want %d\nstdout: %s\nstderr: %s", test.args, got, test.want, out, err)
		}
	}

	background := []string{"--init", "--entrypoint", ""}
	c := start(t, append(background, image, "echo-signals", "e", "until=TERM", "status=5")...)
	c.until("e ready")
	must(t, "kill", "-s", "USR1", c.name)
	c.until("^e USR1 from=1 ")
	must(t, "exec", c.name, "orphans", "20")
	if states := c.states(); strings.Contains(states, "<defunct>") || !strings.Contains(states, "docker-init") {
		t.Errorf("zombies, or no docker-init:\n%s", states)
	}
	began := time.Now()
	must(t, "stop", "-t", "10", c.name)
	if took := time.Since(began); took > promptly || c.status() != "5" {
		t.Errorf("docker stop took %v, status %s", took, c.status())
	}

	// The container's environment is the only way to tell Docker's init anything.
	c = start(t, append(background, "-e", "TINI_KILL_PROCESS_GROUP=1", "-e", "TINI_VERBOSITY=2", image, "exit-with", "0")...)
	if got := c.status(); got != "0" {
		t.Errorf("status %s", got)
	}
	c.until(`^\[INFO  tini \(1\)\] `)
}

// podman runs a command of podman's.
func podman(t *testing.T, stdin []byte, args ...string) (out string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dockerBound)
	defer cancel()
	cmd := exec.CommandContext(ctx, "podman", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("podman %q: %v\n%s", args, err, text)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// podmanRun makes an image of ours and returns the arguments of podman run with which a container starts
// here, the image last. It skips the test where there are none.
func podmanRun(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("podman"); err != nil {
		t.Skip("no podman is installed")
	}
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := story.Helpers()
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := errors.Join(writeImage(w, binary, bin, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	image := fmt.Sprintf("localhost/sexton-test-podman:%d", os.Getpid())
	if out, status := podman(t, archive.Bytes(), "import", "--change", "ENV PATH=/opt:/usr/sbin:/usr/bin:/sbin:/bin", "-", image); status != 0 {
		t.Skipf("podman cannot make an image here: %s", out)
	}
	t.Cleanup(func() { exec.Command("podman", "rmi", "-f", image).Run() })

	// Some machines refuse what Podman wants by default: networks, and in
	// a container of ours its limits.
	run := []string{"run", "--rm", "--init", "--init-path", installed(t, "sexton-init"), "--network", "none"}
	if out, status := podman(t, nil, append(run, image, "exit-with", "0")...); status != 0 {
		run = append(run, "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
		if again, status := podman(t, nil, append(run, image, "exit-with", "0")...); status != 0 {
			t.Skipf("podman cannot run a container here: %s%s", out, again)
		}
	}
	return append(run, image)
}

func TestPodmanTakesUsForItsInit(t *testing.T) {
	run := podmanRun(t)
	for _, test := range ends {
		if out, got := podman(t, nil, append(run, test.args...)...); got != test.want {
			t.Errorf("%q: status %d, want %d\n%s", test.args, got, test.want, out)
		}
	}
	// It is us, and under the name by which Podman calls its init.
	if out, _ := podman(t, nil, append(run, "no-such-command")...); !strings.Contains(out, "[FATAL tini (1)] sexton") {
		t.Errorf("a command that is not there: %s", out)
	}
	orphans := append(append([]string{"run", "-d", "--name", fmt.Sprintf("sexton-test-%d", os.Getpid())}, run[2:]...), "worker", "w", "status=6")
	out, status := podman(t, nil, orphans...)
	if status != 0 {
		t.Fatal(out)
	}
	name := orphans[3]
	t.Cleanup(func() { exec.Command("podman", "rm", "-f", name).Run() })
	began := time.Now()
	if out, status := podman(t, nil, "stop", "-t", "10", name); status != 0 || time.Since(began) > promptly {
		t.Errorf("podman stop took %v: status %d: %s", time.Since(began), status, out)
	}
	if out, _ := podman(t, nil, "wait", name); strings.TrimSpace(out) != "6" {
		t.Errorf("status %s, want 6", out)
	}
}
