package tests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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
