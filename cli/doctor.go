package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"sexton/doctor"
	"sexton/kernel/entry"
)

// doctor prints what works in this container. Its status is always 0: a limit may be
// intended.
func (c *call) doctor() int {
	mask, ignored := entry.Inherited()
	options := doctor.Options{Getenv: c.getenv, Mask: mask, Ignored: ignored}
	name := c.fileName()
	options.Config = doctor.Finding{Topic: "file", Verdict: doctor.Verified, Text: name + " has no mistakes"}
	switch _, err := os.Stat(name); {
	case os.IsNotExist(err) && c.config == "":
		options.Config.Verdict, options.Config.Text = doctor.NotTried, "there is no "+name+": without a COMMAND sexton has nothing to run"
	default:
		var words bytes.Buffer
		quiet := *c
		quiet.stderr, quiet.stdout, quiet.verbosity = &words, io.Discard, -1
		plan, ok := quiet.load(false)
		if ok {
			options.Plan = &plan
			break
		}
		first, _, _ := strings.Cut(words.String(), "\n")
		options.Config.Verdict, options.Config.Text = doctor.Failed, strings.TrimPrefix(first, "sexton: ")
		options.Config.Fix = "sexton check -c " + name + " shows every mistake"
	}
	fmt.Fprint(c.stdout, doctor.Text(doctor.Examine(options), c.brief))
	return 0
}
