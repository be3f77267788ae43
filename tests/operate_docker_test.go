package tests

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
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
		{"user", []string{"--user", "12345"}, []string{"UID 12345, GID 0 without an entry in /etc/passwd", "note       other users"}},
		{"read-only", []string{"--read-only"}, []string{"the root file system cannot be written", "note       write /run"}},
		{"all", []string{"--read-only", "--user", "12345:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "32"},
			[]string{"none; sexton needs none", "verified   new privileges", "at most 32 processes and threads"}},
		{"not PID 1", []string{"--init"}, []string{"verified   PID 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := must(t, append(append([]string{"run", "--rm", "--network", "none"}, test.flags...), image, "doctor", "-c", "/srv/services.toml")...)
			for _, want := range append(test.doctor, "verified   control socket", "verified   /proc", "note       /bin/sh", "verified   grace", " verified, ") {
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
			if got := must(t, "exec", c.name, "/sexton", "doctor"); !strings.Contains(got, "this container's sexton answers") {
				t.Errorf("doctor: %s", got)
			}
			c.becomes(t, "healthy")
			if out, err, status := docker(t, "exec", "--user", "54321", c.name, "/sexton", "health"); status != 1 || !strings.Contains(err, "UID 54321 is not allowed to open") {
				t.Errorf("a stranger: status %d\n%s%s", status, out, err)
			}
			if out, err, status := docker(t, "exec", "--user", "54321", c.name, "/sexton", "-c", "/srv/services.toml"); status != 64 || !strings.Contains(err, "a sexton already runs here") {
				t.Errorf("a stranger's second set: status %d\n%s%s", status, out, err)
			}
			if got, said := c.shutDown(); got != "0" {
				t.Errorf("status %s, want 0\n%s%s", got, said, must(t, "logs", c.name))
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

// The containers of a pod share /dev/shm, the numbers of their processes too where the pod
// says so, and perhaps a volume at /run: each is answered by its own sexton, and its shutdown
// stops nobody else. So it is for every user, and for root in a container of another user.
func TestDockerPodsKeepTheirSocketsApart(t *testing.T) {
	image := scratchImage(t)
	for _, test := range []struct {
		name         string
		share, flags []string
		ask          []string // flags of docker exec
	}{
		{"ipc", []string{"ipc"}, []string{"--user", "12345"}, nil},
		{"ipc and pid", []string{"ipc", "pid"}, []string{"--user", "12345"}, nil},
		{"ipc and pid, asked by root", []string{"ipc", "pid"}, []string{"--user", "12345"}, []string{"--user", "0"}},
		{"ipc, asked by root", []string{"ipc"}, []string{"--user", "12345"}, []string{"--user", "0"}},
		{"ipc and pid, read-only root", []string{"ipc", "pid"}, []string{"--read-only"}, nil},
		{"ipc, read-only root, no capabilities", []string{"ipc"}, []string{"--read-only", "--cap-drop", "ALL"}, nil},
		{"run", nil, []string{"-v", "VOLUME:/run"}, nil},
		{"run, ipc and pid", []string{"ipc", "pid"}, []string{"-v", "VOLUME:/run"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			volume := fmt.Sprintf("sexton-run-%d-%d", os.Getpid(), containers.Add(1))
			t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
			var flags []string
			for _, flag := range test.flags {
				flags = append(flags, strings.Replace(flag, "VOLUME", volume, 1))
			}
			first := start(t, append(append([]string{"--ipc", "shareable"}, flags...), image, "-c", "/srv/services.toml")...)
			first.until("web up")
			joined := slices.Clone(flags)
			for _, what := range test.share {
				joined = append(joined, "--"+what, "container:"+first.name)
			}
			second := start(t, append(joined, image, "-c", "/srv/lone.toml")...)
			second.until("lone up")
			run := func(c container, words ...string) (string, string, int) {
				return docker(t, append(append(append([]string{"exec"}, test.ask...), c.name, "/sexton"), words...)...)
			}
			answers := func(c container, service string) {
				out, err, status := run(c, "status", service)
				if status != 0 || !strings.Contains(out, "\n"+service+" ") {
					t.Errorf("status of %s: %d\n%s%s", service, status, out, err)
				}
				if out, err, status := run(c, "health"); status != 0 || out != "ready\n" {
					t.Errorf("health of %s: %d\n%s%s", service, status, out, err)
				}
				if out, _, _ := run(c, "doctor"); !strings.Contains(out, "this container's sexton answers") {
					t.Errorf("doctor of %s: %s", service, out)
				}
			}
			for range 2 {
				answers(first, "web")
				answers(second, "lone")
			}
			if got, said := second.shutDown(test.ask...); got != "0" || said != "stopping 1 service\n" {
				t.Errorf("shutdown of the second: status %s\n%s", got, said)
			}
			if out, err, status := run(first, "health"); status != 0 || out != "ready\n" {
				t.Errorf("health of the first: %d\n%s%s", status, out, err)
			}
			must(t, "stop", first.name)
		})
	}
}

// Under docker run --init sexton is not the first process. Root in a container of another
// user is answered.
func TestDockerInitOfAnotherUserIsAskedByRoot(t *testing.T) {
	image := scratchImage(t)
	c := start(t, "--init", "--user", "12345", image, "-c", "/srv/services.toml")
	c.until("web up")
	if out, err, status := docker(t, "exec", "--user", "0", c.name, "/sexton", "health"); status != 0 || out != "ready\n" {
		t.Errorf("status %d\n%s%s", status, out, err)
	}
	must(t, "stop", c.name)
}

// Where a container has no sexton, that of another container is not taken for it: neither
// by a verb, nor by the doctor.
func TestDockerNoSextonAnswersForAnotherContainer(t *testing.T) {
	image := scratchImage(t)
	for _, share := range [][]string{{"ipc"}, {"ipc", "pid"}} {
		first := start(t, "--ipc", "shareable", "--user", "12345", "-v", hostFile(t, "[control]\nsocket = \"/dev/shm/s\"\n[service.web]\ncommand = [\"worker\", \"web\"]\n")+":/etc/sexton.toml:ro", image)
		first.until("web up")
		flags := []string{"--user", "12345"}
		for _, what := range share {
			flags = append(flags, "--"+what, "container:"+first.name)
		}
		second := start(t, append(flags, image, "--", "worker", "alone")...)
		second.until("alone up")
		file := hostFile(t, "[control]\nsocket = \"/dev/shm/s\"\n[service.web]\ncommand = [\"worker\", \"web\"]\n")
		must(t, "cp", file, second.name+":/srv/s.toml")
		for _, verb := range []string{"health", "shutdown"} {
			if out, err, status := docker(t, "exec", second.name, "/sexton", verb, "-c", "/srv/s.toml"); status != 1 || !strings.Contains(err, "another container's sexton answers there") {
				t.Errorf("%v: %s: status %d\n%s%s", share, verb, status, out, err)
			}
		}
		if out := must(t, "exec", second.name, "/sexton", "doctor", "-c", "/srv/s.toml"); !strings.Contains(out, "another container's sexton answers there") || strings.Contains(out, "this container's sexton answers") {
			t.Errorf("%v: doctor: %s", share, out)
		}
		if running := must(t, "inspect", "--format", "{{.State.Running}}", first.name); running != "true" {
			t.Error("the first was stopped")
		}
		must(t, "stop", second.name)
		must(t, "stop", first.name)
	}
}
