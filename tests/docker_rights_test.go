package tests

import (
	"strings"
	"testing"
)

// What Docker's default forbids to root is refused with the fix of docs/docker.md, and the rest works.
func TestDockerDefaultRights(t *testing.T) {
	image := scratchImage(t)
	const file = `command = ["exit-with", "0"]
oneshot = true
shutdown_on = "never"
`
	services := map[string]string{ // settings: what sexton says
		`nice = -1`:                                        "set nice -1: permission denied; a value below 0 needs a capability; write 0 or more, or start the container with --cap-add SYS_NICE",
		`oom_score_adj = -1000`:                            "set oom_score_adj -1000: permission denied; a value below ",
		`limits = { memlock = "unlimited" }`:               "set limit memlock unlimited: operation not permitted; the hard limit is ",
		`ionice = { class = "realtime" }`:                  "set ionice realtime:4: operation not permitted; ",
		`scheduler = { policy = "fifo", priority = 1 }`:    "set scheduler fifo:1: operation not permitted; ",
		`capabilities = ["sys_admin"]`:                     "keep capability sys_admin: operation not permitted; the container does not have this capability: start it with --cap-add SYS_ADMIN, or remove capabilities",
		"user = 33\ncapabilities = [\"net_bind_service\"]": "",
		"nice = 1\nionice = \"idle\"\nscheduler = \"batch\"\noom_score_adj = 1000\nno_new_privileges = true\nlimits = { core = 0 }\ngroups = [33]": "",
	}
	text := "[init]\ngrace = \"2s\"\n"
	wants := map[string]string{}
	for settings, want := range services {
		name := "s" + string(rune('a'+len(wants)))
		text += "[service." + name + "]\n" + file + settings + "\n"
		if wants[name] = name + ": done"; want != "" {
			wants[name] = name + ": cannot start: " + want
		}
	}
	_, stderr, _ := docker(t, "run", "--network", "none", "--name", newName(t), "-v", hostFile(t, text)+":/etc/sexton.toml:ro", image)
	for _, want := range wants {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in:\n%s", want, stderr)
		}
	}
}
