package tests

import (
	"strings"
	"testing"
	"time"
)

// At the least limits of pids there is no thread for Go's runtime, or no child for us: that is what each line
// says, and the status is 70.
func TestDockerLeastPidsLimits(t *testing.T) {
	image := scratchImage(t)
	for _, limit := range []string{"2", "3"} {
		for _, args := range [][]string{{"--", "exit-with", "0"}, {"-c", "/srv/services.toml"}} {
			all := append([]string{"run", "--network", "none", "--pids-limit", limit, "--name", newName(t), image}, args...)
			out, err, status := docker(t, all...)
			if status == 125 || status == 126 || status == 127 || strings.Contains(err, "runc") {
				t.Logf("--pids-limit %s: the engine itself cannot start a container there: %s", limit, err)
				continue
			}
			if status != 70 || err == "" {
				t.Errorf("--pids-limit %s %q: status %d, want 70\nstdout: %s\nstderr: %s", limit, args, status, out, err)
			}
			// With three, one command is tried five times, which takes eight seconds.
			for line := range strings.Lines(err) {
				ours := strings.HasPrefix(line, "sexton: ") || strings.HasPrefix(line, "sexton | ") // the second where output has been set up
				if !ours || !strings.Contains(line, "the pids limit of the container") {
					t.Errorf("--pids-limit %s %q: %q does not tell of the limit", limit, args, line)
				}
			}
		}
	}
}

// Six tasks are enough for one command that is one process, as docs/docker.md says. One try may
// be refused while the engine's own tasks end, and the next is not.
func TestDockerPidsLimitOfOneCommand(t *testing.T) {
	image := shellImage(t)
	if out, err, status := docker(t, "run", "--network", "none", "--pids-limit", "6", "--name", newName(t), image, "--", "true"); status != 0 {
		t.Errorf("status %d, want 0\nstdout: %s\nstderr: %s", status, out, err)
	}
}

// A container that stands still for longer than its grace goes on where it stopped: nothing
// was asked of it, so nothing is killed. A stop that came meanwhile has its whole time afterwards
// where the services use it, and ends as it should.
func TestDockerPauseLongerThanTheGrace(t *testing.T) {
	image := scratchImage(t)
	const file = `[init]
grace = "2s"
[service.db]
command = ["http-hello", "127.0.0.1:5432", "name=db"]
ready = { tcp = "127.0.0.1:5432", every = "100ms" }
[service.web]
command = ["worker", "web"]
needs = ["db"]
`
	c := start(t, "-v", hostFile(t, file)+":/etc/sexton.toml:ro", image)
	c.until("web up")
	must(t, "pause", c.name)
	time.Sleep(3 * time.Second) // the length of the pause is what is tested
	must(t, "unpause", c.name)
	if out, err, status := docker(t, "exec", c.name, "/sexton", "health"); status != 0 {
		t.Errorf("health after a pause: status %d: %s%s", status, out, err)
	}
	began := time.Now()
	must(t, "stop", "-t", "10", c.name)
	if took := time.Since(began); took > promptly {
		t.Errorf("docker stop took %v", took)
	}
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0", got)
	}
	_, err, _ := docker(t, "logs", c.name)
	if strings.Contains(err, "killed") || strings.Contains(err, "restarting") {
		t.Errorf("the pause has ended something:\n%s", err)
	}
}

// A pause in the middle of a stop uses up the grace: what did not end in time is killed
// then, and the status says so; nothing hangs.
func TestDockerPauseInTheStop(t *testing.T) {
	image := scratchImage(t)
	const file = `[init]
grace = "2s"
[service.deaf]
command = ["ignore-term", "deaf"]
`
	c := start(t, "-v", hostFile(t, file)+":/etc/sexton.toml:ro", image)
	c.until("deaf: (up|started)")
	must(t, "kill", "-s", "TERM", c.name)
	c.until("stopping: ")
	must(t, "pause", c.name)
	time.Sleep(3 * time.Second)
	began := time.Now()
	must(t, "unpause", c.name)
	if got := c.status(); got != "137" {
		t.Errorf("status %s, want 137", got)
	}
	if took := time.Since(began); took > promptly {
		t.Errorf("the end took %v", took)
	}
	_, err, _ := docker(t, "logs", c.name)
	if !strings.Contains(err, "had to be killed: deaf") {
		t.Errorf("the end does not tell who was killed:\n%s", err)
	}
}
