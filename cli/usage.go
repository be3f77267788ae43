package cli

import (
	"fmt"
	"strings"

	"sexton/verbs"
)

// usage is the page of `sexton --help`.
func usage() string {
	var b strings.Builder
	b.WriteString(usageHead)
	for _, v := range verbs.All {
		if v.Help != "" {
			b.WriteString(inColumns("  sexton "+strings.TrimSpace(v.Name+" "+v.Args), v.Help, 40))
		}
	}
	b.WriteString("\nFILE is /etc/sexton.toml unless -c or $" + configVariable + " says otherwise. sexton VERB --help shows one verb.\n\nFlags\n")
	for _, f := range flags {
		if !f.oneCommand && verbs.NoVerb.Knows(f.name()) {
			b.WriteString(f.usage())
		}
	}
	b.WriteString("\nFlags for one command\n")
	for _, f := range flags {
		if f.oneCommand {
			b.WriteString(f.usage())
		}
	}
	return b.String() + usageEnd
}

// verbUsage is a verb's own page.
func verbUsage(v *verbs.Verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sexton %s\n\n%s\n", strings.TrimSpace(v.Name+" "+v.Args), v.Help)
	if v.About != "" {
		fmt.Fprintf(&b, "\n%s\n", v.About)
	}
	begun := false
	for _, f := range flags {
		if !v.Knows(f.name()) || f.help == "" {
			continue
		}
		if !begun {
			b.WriteString("\nFlags\n")
		}
		begun = true
		b.WriteString(f.usage())
	}
	return b.String()
}

// usage is a flag's line.
func (f *flag) usage() string {
	if f.help == "" {
		return ""
	}
	name := "      " + f.long
	switch {
	case f.short != "" && f.long != "":
		name = "  " + f.short + ", " + f.long
	case f.long == "":
		name = "  " + f.short
	}
	if f.value {
		name += " " + f.arg
	}
	return inColumns(name, f.help, 27)
}

// inColumns writes help after a name, from a column on, and on a line of its own if the name
// is too long; further lines of help begin in the same column.
func inColumns(name, help string, column int) string {
	indent := "\n" + strings.Repeat(" ", column)
	lines := strings.Join(strings.Split(help, "\n"), indent)
	if len(name) > column-2 {
		return name + indent + lines + "\n"
	}
	return name + strings.Repeat(" ", column-len(name)) + lines + "\n"
}

const usageHead = `sexton: PID 1 for containers

  sexton [flags] -- COMMAND [ARG...]    run one command, as tini and dumb-init do
  sexton [-c FILE]                      run the services of FILE
  sexton -c FILE -- COMMAND [ARG...]    run both, COMMAND as the main service
  sexton COMMAND [ARG...]               the same if FILE exists, otherwise one command
`

const usageEnd = `
Exit status: the command's or main service's own, 128+N if signal N killed it;
with services, 0 if all stopped in time, 137 if something had to be killed;
64 wrong usage, 78 wrong configuration, 70 internal error, 126/127 cannot run/not found.
`
