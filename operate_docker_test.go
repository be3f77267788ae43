package main_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// healthyImage is the image from scratch with a HEALTHCHECK.
func healthyImage(t *testing.T) string {
	t.Helper()
	base := scratchImage(t)
	tag := base + "-healthcheck"
	cmd := exec.Command("docker", "build", "--network", "none", "-t", tag, "-")
	cmd.Stdin = strings.NewReader("FROM " + base + "\nHEALTHCHECK --interval=1s --timeout=5s --retries=1 --start-period=30s CMD [\"/sexton\", \"health\"]\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", tag).Run() })
	return tag
}

// In an image from scratch, as root, as any user, and with nothing writable, who
// asks is answered: by docker exec, by HEALTHCHECK, and the doctor in words.
func TestDockerIsOperated(t *testing.T) {
	image := healthyImage(t)
	for _, test := range []struct {
		name   string
		flags  []string
		doctor []string // what it says
	}{
		{"root", nil, []string{"verified   user", "UID 0, GID 0", "verified   other users"}},
		{"user", []string{"--user", "12345"}, []string{"UID 12345, GID 0 without an entry in /etc/passwd", "failed     other users"}},
		{"read-only", []string{"--read-only"}, []string{"the root cannot be written", "failed     write /run"}},
		{"all", []string{"--read-only", "--user", "12345:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "32"},
			[]string{"none; sexton needs none", "verified   new privileges", "at most 32 processes and threads"}},
		{"not PID 1", []string{"--init"}, []string{"verified   PID 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := must(t, append(append([]string{"run", "--rm", "--network", "none"}, test.flags...), image, "doctor", "-c", "/srv/services.toml")...)
			for _, want := range append(test.doctor, "verified   control socket", "verified   /proc", "failed     /bin/sh", "verified   grace", " verified, ") {
				if !strings.Contains(out, want) {
					t.Errorf("the doctor does not say %q:\n%s", want, out)
				}
			}
			c := start(t, append(test.flags, image, "-c", "/srv/services.toml")...)
			c.until("web up")
			if got := must(t, "exec", c.name, "/sexton", "health"); strings.TrimSpace(got) != "ready" {
				t.Errorf("health: %q", got)
			}
			if got := must(t, "exec", c.name, "/sexton", "status", "web"); !strings.Contains(got, "\nweb   up ") {
				t.Errorf("status: %s", got)
			}
			if got := must(t, "exec", c.name, "/sexton", "doctor"); !strings.Contains(got, "sexton.sock is there, and somebody answers") {
				t.Errorf("doctor: %s", got)
			}
			c.becomes(t, "healthy")
			if out, err, status := docker(t, "exec", "--user", "54321", c.name, "/sexton", "health"); status != 1 || !strings.Contains(err, "UID 54321 may not open") {
				t.Errorf("a stranger: status %d\n%s%s", status, out, err)
			}
			must(t, "exec", c.name, "/sexton", "shutdown")
			if got := c.status(); got != "0" {
				t.Errorf("status %s, want 0\n%s", got, must(t, "logs", c.name))
			}
		})
	}
}

// becomes waits for what HEALTHCHECK says.
func (c container) becomes(t *testing.T, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if got = strings.TrimSpace(must(t, "inspect", "--format", "{{.State.Health.Status}}", c.name)); got == want {
			return
		}
	}
	t.Errorf("it is %q, not %q: %s", got, want, must(t, "inspect", "--format", "{{json .State.Health}}", c.name))
}

// The containers of a pod share /dev/shm, and not their numbers of processes: nobody
// takes the socket of another container for its own.
func TestDockerPodsKeepTheirSocketsApart(t *testing.T) {
	image := scratchImage(t)
	first := start(t, "--ipc", "shareable", "--user", "12345", image, "-c", "/srv/services.toml")
	first.until("web up")
	second := start(t, "--ipc", "container:"+first.name, "--user", "12345", image, "-c", "/srv/services.toml")
	second.until("no control socket.*/dev/shm/sexton.sock: another program answers there")
	second.until("web up")
	if got := must(t, "exec", first.name, "/sexton", "health"); strings.TrimSpace(got) != "ready" {
		t.Errorf("health of the first: %q", got)
	}
	_, said, status := docker(t, "exec", second.name, "/sexton", "health")
	if status != 1 || !strings.Contains(said, "another container's sexton") {
		t.Errorf("health of the second: status %d: %s", status, said)
	}
	for _, c := range []container{second, first} {
		must(t, "stop", c.name)
		if got := c.status(); got != "0" {
			t.Errorf("status %s", got)
		}
	}
}
