package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A service that reaches the container's memory limit is killed by the kernel, and
// we say that it was, while a KILL by somebody else is told as such.
func TestDockerTellsOutOfMemory(t *testing.T) {
	image := importImage(t, "memory", fileIn("srv/memory.toml", `
[service.hog]
command = ["eat-memory", "200", "after=100ms"]
backoff = { first = "30s" }
[service.victim]
command = ["worker", "victim"]
backoff = { first = "30s" }
[service.other]
command = ["worker", "other"]
`))
	c := start(t, "--memory", "48m", "--memory-swap", "48m", image, "-c", "/srv/memory.toml")
	c.until("hog: killed by SIGKILL, out of memory after .*; restarting")
	must(t, "exec", c.name, "kill-pid", "KILL", pidOf(t, c, "victim"))
	c.until("victim: killed by SIGKILL after .*; restarting")
	must(t, "stop", "-t", "10", c.name)
	if got := c.status(); got != "0" {
		t.Errorf("status %s", got)
	}
}

// pidOf asks sexton for the number of a service's process.
func pidOf(t *testing.T, c container, service string) string {
	t.Helper()
	text := must(t, "exec", c.name, "/sexton", "status", "--json", service)
	var status struct {
		Services []struct {
			PID json.Number `json:"pid"`
		}
	}
	if err := json.Unmarshal([]byte(text), &status); err != nil || len(status.Services) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	return status.Services[0].PID.String()
}

// The termination log is written in place, by any user, on a root file system
// with nothing writable.
func TestDockerWritesTheTerminationLog(t *testing.T) {
	image := scratchImage(t)
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte("what was there before"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(log, 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, status := docker(t, "run", "--network", "none", "--name", newName(t), "--read-only", "--user", "12345", "--cap-drop", "ALL",
		"--security-opt", "no-new-privileges", "-v", log+":/dev/termination-log", image, "--", "exit-with", "7")
	text, err := os.ReadFile(log)
	if status != 7 || err != nil || !strings.HasPrefix(string(text), "exit-with: exited with status 7 after ") || strings.Contains(string(text), "before") {
		t.Errorf("status %d, %v, %q", status, err, text)
	}
}

// A session of docker exec that is left open, deaf to TERM, holds the end up for as
// long as what is left has, and is not a failure of ours.
func TestDockerEndsOpenSessions(t *testing.T) {
	image := scratchImage(t)
	c := start(t, image, "-c", "/srv/services.toml")
	c.until("web up")
	must(t, "exec", "-d", c.name, "ignore-term")
	soon(t, "the session", func() bool { return strings.Contains(c.states(), "ignore-term") })
	c.stops(t, "0")
	c.until(`ignore-term \(pid \d+\), which came into the container from outside, is left; sending it SIGTERM`)
	c.until(`ignore-term \(pid \d+\) is still there; killing it`)
}
