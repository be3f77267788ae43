package cli

import (
	"io"
	"strings"
	"testing"

	"sexton/config"
	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
)

// names are all that we may be called.
var names = []string{"sexton", "tini", "tini-static", "docker-init", "podman-init", "dumb-init", "catatonit"}

// Any command line under any name is either refused in words, with a status, or
// a plan that the machine can begin with and that knows what each signal does.
func FuzzCommandLine(f *testing.F) {
	for i, name := range names {
		for _, line := range lines[name] {
			environ, args := splitLine(line)
			f.Add(i, strings.Join(args[1:], "\x00"), strings.Join(environ, "\x00"))
		}
	}
	for _, line := range []string{
		"-c f --rewrite TERM:0 -- true", "--linger 2s --grace=5s -e 7 -vq true", "check -c", "-p RTMIN+3 true", "signal USR1 web", "--rewrite CHLD:9 x",
	} {
		f.Add(0, strings.ReplaceAll(line, " ", "\x00"), "")
	}
	f.Fuzz(func(t *testing.T, which int, line, environment string) {
		name := names[uint(which)%uint(len(names))]
		args := append([]string{"/sbin/" + name}, strings.Split(line, "\x00")...)
		environ := strings.Split(environment, "\x00")
		read := foreign(args[0])
		if read == nil {
			fuzzOurs(t, args[1:])
			return
		}
		d := read(args, environ)
		if d.answered {
			if d.status != 0 && (d.status != 1 || d.err == "") || d.out+d.err == "" {
				t.Errorf("status %d, stdout %q, stderr %q", d.status, d.out, d.err)
			}
			return
		}
		if d.plan.Init.Pause == (len(d.plan.Services) == 1) {
			t.Errorf("%d services, pause %v", len(d.plan.Services), d.plan.Init.Pause)
		}
		table := forward.New(&d.plan)
		m := machine.New(d.plan, 1)
		m.Step(0, machine.Booted{})
		for s := proc.Signal(1); s <= proc.LastSignal; s++ {
			if rule, ok := table.For(proc.Caught{Signal: s}); ok {
				m.Step(0, machine.Signalled{Signal: s, Rule: rule})
			}
		}
		if err := m.Check(); err != nil {
			t.Error(err)
		}
	})
}

func fuzzOurs(t *testing.T, args []string) {
	c := &call{verb: "run", stdout: io.Discard, stderr: io.Discard}
	if err := c.parse(args); err != nil {
		if err.Error() == "" || strings.Contains(err.Error(), "\x00") {
			t.Errorf("%q", err)
		}
		return
	}
	if len(c.command) > 0 && c.config == "" {
		plan := config.OneCommand(c.command, nil)
		c.apply(&plan)
		if m := machine.New(plan, 1); len(m.Step(0, machine.Booted{})) == 0 {
			t.Error("nothing is done")
		}
	}
}
