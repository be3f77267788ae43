package tests

import (
	"regexp"
	"strings"
	"testing"
)

// A sandbox whose PID 1 runs nothing: what docker exec leaves behind is reaped, as any
// user and with nothing writable, under an init of Docker's too, and a stop is prompt
// and status 0.
func TestDockerPauseReapsWhatExecLeaves(t *testing.T) {
	image := scratchImage(t)
	for _, test := range []struct {
		name  string
		flags []string
	}{
		{"plain", nil},
		{"restricted", []string{"--read-only", "--user", "12345", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "32"}},
		{"child of an init", []string{"--init"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, append(test.flags, image, "pause")...)
			for range 3 {
				must(t, "exec", c.name, "/opt/orphans", "20", "batch=2")
			}
			must(t, "exec", c.name, "/opt/double-fork", "2", "daemon", "session")
			zombie := regexp.MustCompile(`(?m)^\s*\d+\s+Z`)
			soon(t, "the end of the zombies", func() bool { return !zombie.MatchString(c.states()) })
			c.stops(t, "0")
			if out, err, _ := docker(t, "logs", c.name); out+err != "" {
				t.Errorf("it said\n%s%s", out, err)
			}
		})
	}
	t.Run("stop signals", func(t *testing.T) {
		for _, name := range []string{"INT", "QUIT", "RTMIN+3"} {
			c := start(t, image, "pause")
			must(t, "kill", "-s", "USR1", c.name)
			must(t, "exec", c.name, "/opt/exit-with", "0") // it lives on
			must(t, "kill", "-s", name, c.name)
			if got := c.status(); got != "0" {
				t.Errorf("%s: status %s", name, got)
			}
		}
	})
	t.Run("deaf session", func(t *testing.T) {
		c := start(t, image, "pause", "--linger", "300ms")
		must(t, "exec", "-d", c.name, "ignore-term", "deaf")
		soon(t, "the session", func() bool { return strings.Contains(c.states(), "ignore-term") })
		c.stops(t, "0")
	})
}
