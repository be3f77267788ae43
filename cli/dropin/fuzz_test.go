package dropin

import (
	"strings"
	"testing"

	"sexton/forward"
	"sexton/machine"
	"sexton/proc"
)

// names are all names of other inits that we may be called by.
var names = []string{"tini", "tini-static", "docker-init", "podman-init", "dumb-init", "catatonit"}

// Any command line under the name of another init is either refused in words, with a status, or
// a plan that the machine can begin with and that knows what each signal does.
func FuzzCommandLine(f *testing.F) {
	for i, name := range names {
		for _, line := range lines[name] {
			environ, args := splitLine(line)
			f.Add(i, strings.Join(args[1:], "\x00"), strings.Join(environ, "\x00"))
		}
	}
	f.Fuzz(func(t *testing.T, which int, line, environment string) {
		name := names[uint(which)%uint(len(names))]
		args := append([]string{"/sbin/" + name}, strings.Split(line, "\x00")...)
		environ := strings.Split(environment, "\x00")
		d, ok := Read(args, environ, 7)
		if !ok {
			t.Fatalf("%s is not known as an init", name)
		}
		if d.Answered {
			if d.Status != 0 && (d.Status != 1 || d.Err == "") || d.Out+d.Err == "" {
				t.Errorf("status %d, stdout %q, stderr %q", d.Status, d.Out, d.Err)
			}
			return
		}
		if d.Plan.Init.StaysIdle == (len(d.Plan.Services) == 1) {
			t.Errorf("%d services, pause %v", len(d.Plan.Services), d.Plan.Init.StaysIdle)
		}
		table := forward.New(&d.Plan)
		m := machine.New(d.Plan, 1)
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
