package tests

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What pods and their runtimes do to a container beyond docker run.

// Sixteen processes, threads included, are enough for three services, where
// nothing else is allowed either.
func TestDockerShellSixteenProcesses(t *testing.T) {
	image := shellImage(t)
	const service = "while :; do sleep 1000; done"
	c := start(t, "--pids-limit", "16", "--user", "12345:0", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"-v", hostFile(t, fmt.Sprintf("[service.a]\ncommand = %q\n[service.b]\ncommand = [\"sleep\", \"1000\"]\n[service.c]\ncommand = [\"sleep\", \"1000\"]\n", service))+":/etc/sexton.toml:ro", image)
	c.until("c: up")
	must(t, "stop", c.name)
	if out, err, _ := docker(t, "logs", c.name); c.status() != "0" || strings.Contains(out+err, "cannot start") {
		t.Errorf("status %s\n%s%s", c.status(), out, err)
	}
}

// hostFile is a file that a container of any user may read.
func hostFile(t *testing.T, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sexton-file-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/file", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir + "/file"
}

// In the PID namespace of another container, as in a pod that shares one, we are
// not PID 1: orphans of ours come to us anyway, and our end ends only ours.
func TestDockerSharedPIDNamespace(t *testing.T) {
	image := scratchImage(t)
	pause := start(t, image, "--", "worker", "pause")
	pause.until("pause up")
	c := start(t, "--pid", "container:"+pause.name, image, "-c", "/srv/services.toml")
	c.until("web up")
	out, err, _ := docker(t, "logs", c.name)
	if strings.Contains(out+err, "orphans will not be reaped") {
		t.Errorf("it says that it cannot do what it can:\n%s%s", out, err)
	}
	must(t, "stop", c.name)
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0\n%s", got, must(t, "logs", c.name))
	}
	if running := must(t, "inspect", "--format", "{{.State.Running}}", pause.name); running != "true" {
		t.Error("the stop of one container has ended the other")
	}
}

// Whatever an image says to be its stop signal ends the container in time: some
// by default, the others by a line of [signals].
func TestDockerStopSignals(t *testing.T) {
	image := scratchImage(t)
	file := hostFile(t, "[signals]\nWINCH = \"stop\"\nUSR1 = \"stop\"\n[service.web]\ncommand = [\"worker\", \"web\"]\n")
	for _, signal := range []string{"QUIT", "RTMIN+3", "WINCH", "USR1", "INT"} {
		t.Run(signal, func(t *testing.T) {
			t.Parallel()
			c := start(t, "--stop-signal", signal, "-v", file+":/etc/sexton.toml:ro", image)
			c.until("web up")
			began := time.Now()
			must(t, "stop", "-t", "10", c.name)
			if took := time.Since(began); took > promptly || c.status() != "0" {
				t.Errorf("docker stop took %v, status %s", took, c.status())
			}
		})
	}
}

// With stdin, a terminal, both or neither, services run and stop.
func TestDockerAttachments(t *testing.T) {
	image := scratchImage(t)
	for _, flags := range [][]string{{}, {"-i"}, {"-t"}, {"-i", "-t"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			for _, args := range [][]string{{"-c", "/srv/services.toml"}, {"--", "worker", "web"}} {
				c := start(t, append(append(flags, image), args...)...)
				c.until("web up")
				began := time.Now()
				must(t, "stop", "-t", "10", c.name)
				if took := time.Since(began); took > promptly || c.status() != "0" {
					t.Errorf("%q: docker stop took %v, status %s", args, took, c.status())
				}
			}
		})
	}
}

// chatty writes without end to a stdout that nobody may be reading.
const chatty = `[init]
grace = "5s"
[service.chatty]
command = ["fill-pipe", "200000", "width=90"]
shutdown_on = "never"
restart = "never"
[service.web]
command = ["worker", "web"]
backoff = { first = "100ms", factor = 1.0 }
give_up = { starts = 0 }
`

// An engine that stands still for ten seconds stops who writes, and nobody
// else: services that die are started again, and no line is lost.
func TestDockerEngineStandsStill(t *testing.T) {
	daemon, _ := engine(t)
	image := scratchImage(t)
	file := hostFile(t, chatty)
	c := start(t, "-v", file+":/etc/sexton.toml:ro", image)
	c.until("web up")
	init := hostPID(t, c)
	stand(t, daemon)
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		web := childOf(t, init, "worker")
		if err := syscall.Kill(web, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		soon(t, "another web after one was killed", func() bool {
			next := childOf(t, init, "worker")
			return next != 0 && next != web
		})
	}
	goOn(t, daemon)
	c.until("line 200000 ")
	must(t, "stop", c.name)
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0", got)
	}
	out, _, _ := docker(t, "logs", c.name)
	want := 1
	for line := range strings.Lines(out) {
		said, ours := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "chatty | ")
		if !ours {
			continue
		}
		head := fmt.Sprintf("line %d ", want)
		if said != head+strings.Repeat("x", 89-len(head)) {
			t.Fatalf("%q where line %d should be", line, want)
		}
		want++
	}
	if want != 200001 {
		t.Errorf("%d lines of 200000 are there, whole", want-1)
	}
}

// A stop that comes while the engine stands still is over within grace.
func TestDockerStopWhileEngineStandsStill(t *testing.T) {
	daemon, _ := engine(t)
	image := scratchImage(t)
	c := start(t, "-v", hostFile(t, chatty)+":/etc/sexton.toml:ro", image)
	c.until("web up")
	init := hostPID(t, c)
	stand(t, daemon)
	if err := syscall.Kill(init, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	soon(t, "the end of the container", func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", init))
		return err != nil || strings.Contains(string(state), ") Z ")
	})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	goOn(t, daemon)
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0", got)
	}
}

func stand(t *testing.T, daemon *os.Process) {
	t.Helper()
	if err := daemon.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { daemon.Signal(syscall.SIGCONT) })
}

func goOn(t *testing.T, daemon *os.Process) {
	t.Helper()
	if err := daemon.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// hostPID is the number of the container's first process as the engine sees it.
func hostPID(t *testing.T, c container) int {
	t.Helper()
	pid, err := strconv.Atoi(must(t, "inspect", "--format", "{{.State.Pid}}", c.name))
	if err != nil || pid <= 0 {
		t.Fatalf("the number of the first process: %v", err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
		t.Skip("the engine runs its containers somewhere else")
	}
	return pid
}

// childOf is a child of a process, by the name that the kernel has for it; 0:
// there is none.
func childOf(t *testing.T, parent int, name string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// proc_pid_stat(5): number, (name), state, parent
		text, _ := os.ReadFile("/proc/" + entry.Name() + "/stat")
		before, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if len(fields) > 1 && strings.HasSuffix(before, "("+name) && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			return pid
		}
	}
	return 0
}

// soon waits until something is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 15s: %s", what)
		}
	}
}
