package tests

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// restarts is how often a container is killed and started again.
const restarts = 25

// A container whose program keeps a file with its number on a volume is killed 25
// times: at each start the program believes that it is alone. Under our other names too.
func TestDockerKilledContainersStartAgain(t *testing.T) {
	image := scratchImage(t)
	for name, args := range map[string][]string{
		"one command": {image, "--", "pid-file", "/data/pid"},
		"tini":        {"--entrypoint", "/opt/tini", image, "--", "pid-file", "/data/pid"},
		"services":    {image, "-c", "/srv/pid-file.toml"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, append([]string{"-v", newVolume(t) + ":/data"}, args...)...)
			c.isKilledAndStarted(t, `pid-file: (\d+) started`)
		})
	}
}

// PostgreSQL with our own user's number refuses to start beside any process that it may signal and
// that has the number of its old postmaster.pid.
func TestDockerKilledPostgresStartsAgain(t *testing.T) {
	needDocker(t)
	if os.Getenv("SEXTON_DEBOOTSTRAP") != "1" {
		t.Skip("slow; set SEXTON_DEBOOTSTRAP=1 to have it")
	}
	image := importImage(t, "postgres", debian(t))
	const script = `cd /usr/lib/postgresql/*/bin; [ -s /data/db/PG_VERSION ] || ./initdb -D /data/db >/dev/null; exec ./postgres -D /data/db -k /data`
	volume := newVolume(t)
	must(t, "run", "--rm", "--network", "none", "-v", volume+":/data", image, "--", "chown", "postgres", "/data")
	c := start(t, "-v", volume+":/data", "-u", "postgres", image, "--", "sh", "-c", script)
	c.isKilledAndStarted(t, `database system is ready to accept connections`)
}

func newVolume(t *testing.T) string {
	volume := newName(t)
	t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
	return volume
}

// isKilledAndStarted kills the container and starts it again. Each start has to say what started is; where
// that has a group, each time the same.
func (c container) isKilledAndStarted(t *testing.T, started string) {
	t.Helper()
	for n := 1; ; n++ {
		c.until(fmt.Sprintf(`(?s)(%s.*){%d}`, started, n))
		if n > restarts {
			break
		}
		must(t, "kill", c.name)
		c.status()
		must(t, "start", c.name)
	}
	out, _, _ := docker(t, "logs", c.name)
	seen := make(map[string]bool)
	for _, match := range regexp.MustCompile(started).FindAllString(out, -1) {
		seen[match] = true
	}
	if len(seen) > 1 {
		t.Errorf("the first child had several numbers: %v", seen)
	}
}
