package cli

import (
	"io"
	"strings"
	"testing"

	"sexton/config"
	"sexton/machine"

	"sexton/verbs"
)

// Any command line of ours is either refused with a message, or a plan that the machine can begin with.
func FuzzOurCommandLine(f *testing.F) {
	for _, line := range append(ourLines, "-c f --rewrite TERM:0 -- true", "--linger 2s --grace=5s -e 7 -vq true", "signal USR1 web", "--rewrite CHLD:9 x") {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		c := &call{verb: verbs.NoVerb.Name, stdout: io.Discard, stderr: io.Discard}
		if err := c.parse(strings.Split(line, "\x00")); err != nil {
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
	})
}
