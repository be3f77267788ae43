package cli

import (
	"fmt"
	"slices"
	"strings"
)

// verb is a first word that is not a COMMAND. `--` makes any of them a COMMAND.
type verb struct {
	name  string
	args  string // behind the name in the usage
	help  string // one line; "": this version does not have it yet
	about string // what `sexton VERB --help` says besides
}

// verbs are all of them, in the order of the usage.
var verbs = []verb{
	{verbPause, "", "run nothing: reap orphans, and wait for a stop signal",
		"It is the first process of a container that people and tools enter by docker exec or\nkubectl exec. It ends with 0 at TERM, INT, QUIT or RTMIN+3; what is left gets TERM, and\nKILL after --linger."},
	{"check", "[-c FILE]", "say what is wrong with FILE, or what it would do",
		"Every mistake is printed with its line and the fix, and so is every remark. Nothing is\nstarted. The exit status is 78 with a mistake, otherwise 0."},
	{"status", "[--json] [SERVICE...]", "how the services of a running sexton are",
		"A table that is as wide as the terminal; --json prints one JSON object with everything.\nThe exit status is 1 when nobody answers or there is no such service."},
	{"health", "[--ready|--live] [SERVICE...]", "exit with 0 or 1, for HEALTHCHECK and exec probes",
		"--ready, the default: everything that is wanted is up or done, and no end has begun.\n--live: sexton's loop answers. With names: these services alone. A line says what is missing."},
	{"why", "[--json] SERVICE", "how its last runs ended",
		"The last ten runs, the latest first, and the last lines that the service wrote. The exit\nstatus is as with status."},
	{"shutdown", "[--now]", "the graceful end; --now leaves the drain out",
		"As by SIGTERM. It returns when the end has begun, and does not wait for it."},
	{"doctor", "[--brief] [-c FILE]", "what sexton can do in this container, what not, and how to mend it",
		"--brief prints only what failed, and notes. The exit status is 0 whatever is found."},
	{"version", "", "print the version", ""},
	{"help", "[VERB]", "print this page, or a verb's own", ""},
	{name: "start"}, {name: "stop"}, {name: "restart"}, {name: "signal"}, {name: "logs"}, {name: "reload"},
}

func verbNamed(name string) *verb {
	if i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name }); i >= 0 {
		return &verbs[i]
	}
	return nil
}

// usage is the page of `sexton --help`.
func usage() string {
	var b strings.Builder
	b.WriteString(usageHead)
	for _, v := range verbs {
		if v.help != "" {
			b.WriteString(inColumns("  sexton "+strings.TrimSpace(v.name+" "+v.args), v.help, 40))
		}
	}
	b.WriteString("\nFILE is /etc/sexton.toml unless -c or $" + configVariable + " says otherwise. sexton VERB --help shows one verb.\n\nFlags\n")
	for _, f := range flags {
		if !f.oneCommand && f.of("run") {
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

// usage is a verb's own page.
func (v *verb) usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sexton %s\n\n%s\n", strings.TrimSpace(v.name+" "+v.args), v.help)
	if v.about != "" {
		fmt.Fprintf(&b, "\n%s\n", v.about)
	}
	begun := false
	for _, f := range flags {
		if !f.of(v.name) || f.help == "" {
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

// inColumns puts help behind a name from a column on, on a line of its own where the name
// is too long; further lines of help stand in the same column.
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
  sexton COMMAND [ARG...]               the same where FILE is there, otherwise one command
`

const usageEnd = `
Exit status: the command's or main service's own, 128+N if signal N killed it;
with services 0 after a stop in time, 137 if something had to be killed;
64 wrong usage, 78 wrong configuration, 70 our fault, 126/127 cannot run/not found.
`
