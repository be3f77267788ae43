package dropin

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/golden"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// lines are command lines of other inits: KEY=VALUE words first are the
// environment.
var lines = map[string][]string{
	"tini": {
		"tini --version", "tini -h", "tini -l", "tini", "tini --", "tini -s", "tini -- true", "/sbin/tini -s -- sh -c exit",
		"tini --version x", "tini --vers", "tini -x", "tini -xh", "tini -hx", "tini -lx", "tini -p", "tini -e",
		"tini -p SIGTERM true", "tini -pSIGSYS true", "tini -p TERM true", "tini -p sigterm true", "tini -p 15 true",
		"tini -p SIGPWR true", "tini -p SIGRTMIN true", "tini -p SIGIO -h",
		"tini -e 5 -e7 -se0 true", "tini -e  true", "tini -e +5 true", "tini -e -0 true", "tini -e 256 true", "tini -e 5x true", "tini -e - true",
		"tini -g true", "tini -svvw true", "tini true -g -- -s", "tini - -g", "POSIXLY_CORRECT= tini -s true -g",
		"TINI_SUBREAPER= tini true", "TINI_KILL_PROCESS_GROUP=0 tini true", "TINI_VERBOSITY=3 tini true", "TINI_VERBOSITY=abc tini -vvv true",
		"TINI_VERBOSITY=-1 tini true", "TINI_VERBOSITY=99999999999999999999 tini true",
		"TINI_VERBOSITY=-99999999999999999999 tini true", "TINI_VERBOSITY=4294967297 tini true", "tini-static -g true",
	},
	"docker-init": {
		"docker-init --version", "docker-init --vers", "docker-init -V", "docker-init -L", "docker-init -h", "docker-init",
		"docker-init -- true", "podman-init -- true -V", "docker-init --foo", "docker-init --version=3", "docker-init -P", "podman-init -sP true",
		"docker-init -gse 3 -- true", "TINI_SUBREAPER=1 podman-init -- true",
	},
	"dumb-init": {
		"dumb-init --version", "dumb-init -V", "dumb-init -h", "dumb-init --help=1", "dumb-init --he", "dumb-init", "/usr/bin/dumb-init --",
		"dumb-init true", "dumb-init -- true -c", "dumb-init true -c", "dumb-init -c true", "dumb-init --single true", "dumb-init -v true",
		"dumb-init --ver", "dumb-init --=3", "dumb-init --foo=1 true", "dumb-init -x", "dumb-init -r", "dumb-init --rewrite",
		"dumb-init -r 15:3 --rewrite 1:0 --rew=20:0 true", "dumb-init -cr 20:3 true", "dumb-init -r 15:3 -r 15:2 true",
		"dumb-init -r 15:10junk true", "dumb-init -r +15:+10 true", "dumb-init -r 4294967311:2 true", "dumb-init -r 17:2 true", "dumb-init -r 9:2 true",
		"dumb-init -r 15 true", "dumb-init -r 15: true", "dumb-init -r :15 true", "dumb-init -r 0:1 true", "dumb-init -r 1:32 true",
		"dumb-init -r 32:1 true", "dumb-init -r TERM:QUIT true", "dumb-init -r 15:-1 true", "dumb-init -r -99999999999999999999:1 true",
		"DUMB_INIT_DEBUG=1 dumb-init true", "DUMB_INIT_DEBUG=yes dumb-init true", "DUMB_INIT_SETSID=0 dumb-init true", "DUMB_INIT_SETSID= dumb-init true",
	},
	"catatonit": {
		"catatonit --version", "catatonit -V", "catatonit --v", "catatonit -h", "catatonit -L", "catatonit", "catatonit --", "catatonit -P",
		"catatonit -P true", "catatonit -- true", "catatonit true -g", "catatonit -g -- true -V", "catatonit --help", "catatonit --version=", "catatonit -x",
		"CATATONIT_LOG= catatonit true", "CATATONIT_DEBUG= catatonit true", "POSIXLY_CORRECT=1 catatonit true -V",
	},
}

func TestOtherInitsCommandLines(t *testing.T) {
	for name, all := range lines {
		var b strings.Builder
		fmt.Fprintf(&b, "Command lines under the name of %s, and what we make of them.\n", name)
		seen := make(map[string]bool)
		for _, line := range all {
			environ, args := splitLine(line)
			d := readerOf(args[0])(args, environ, 7)
			d.Out, d.Err = once(d.Out, seen), once(d.Err, seen)
			fmt.Fprintf(&b, "\n$ %s\n%s", line, describe(d))
		}
		text := strings.ReplaceAll(b.String(), "(7)", "(PID)")
		text = strings.ReplaceAll(text, ":7)", ":PID)")
		golden.File(t, "../../testdata/cli/"+name+".golden", text)
	}
}

// once cuts a long text short that was seen before, from its second line on.
func once(text string, seen map[string]bool) string {
	head, rest, _ := strings.Cut(text, "\n")
	if strings.Count(rest, "\n") > 4 {
		tail := rest[strings.LastIndex(strings.TrimSuffix(rest, "\n"), "\n")+1:]
		if seen[tail] {
			return head + "\n... as above\n"
		}
		seen[tail] = true
	}
	return text
}

// splitLine takes a line apart at single blanks, so that an argument may be empty.
func splitLine(line string) (environ, args []string) {
	args = strings.Split(line, " ")
	for strings.Contains(args[0], "=") {
		environ, args = append(environ, args[0]), args[1:]
	}
	return environ, args
}

// describe is a Line in words.
func describe(d *Line) string {
	var b strings.Builder
	put := func(what, format string, args ...any) {
		for line := range strings.Lines(fmt.Sprintf(format, args...)) {
			fmt.Fprintf(&b, "  %-8s %s\n", what, strings.TrimSuffix(line, "\n"))
		}
	}
	if d.Answered {
		put("stdout", "%s", d.Out)
		put("stderr", "%s", d.Err)
		put("status", "%d", d.Status)
		return strings.ReplaceAll(b.String(), " \n", "\n")
	}
	for _, s := range d.Plan.Services {
		target := "group"
		switch {
		case s.OurGroup:
			target = "alone, in our group"
		case s.Session:
			target = "session"
		case s.Single:
			target = "alone"
		}
		put("run", "%q: %s", s.Command, target)
	}
	if d.Plan.Init.StaysIdle {
		put("run", "nothing")
	}
	put("rules", "%s", rulesOf(d.Plan.Init.Rules))
	if d.Plan.Init.SignalOnMainExit != 0 {
		put("at the end", "%v", d.Plan.Init.SignalOnMainExit)
	}
	put("orphans", "adopted %v, named %v, remark %q", !d.LeaveOrphans, d.NameOrphans, d.Warning)
	if d.OKCodes != nil || d.ParentDeath != 0 {
		put("e, p", "%v, %v", d.OKCodes, d.ParentDeath)
	}
	var voices []string
	for level, v := range d.Voices {
		if v.FD != 0 {
			voices = append(voices, fmt.Sprintf("%v %d>%q", machine.Level(level), v.FD, v.Mark+v.Self))
		}
	}
	put("voices", "%s", strings.Join(voices, ", "))
	return b.String()
}

// rulesOf lists rules by their signals; equal ones stand together.
func rulesOf(rules map[proc.Signal]service.Rule) string {
	var order []string
	signals := make(map[string][]string)
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		rule, ok := rules[s]
		if !ok {
			continue
		}
		words := rule.Verb.String()
		if rule.Signal != 0 {
			words += " as " + rule.Signal.String()
		}
		if rule.Suspend {
			words += ", suspend"
		}
		if !slices.Contains(order, words) {
			order = append(order, words)
		}
		signals[words] = append(signals[words], s.String())
	}
	var b strings.Builder
	for _, words := range order {
		names := strings.Join(signals[words], " ")
		if len(signals[words]) > 32 {
			names = "the others"
		}
		fmt.Fprintf(&b, "%s: %s\n", names, words)
	}
	return b.String()
}

// The licence that is printed is the one that we are under.
func TestLicenceIsOurs(t *testing.T) {
	text, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != licence {
		t.Error("cli/dropin/licence.txt differs from LICENSE")
	}
}

func TestStatusOfACommandThatCannotBeStarted(t *testing.T) {
	fork := &proc.SpawnError{Stage: "fork", Err: unix.EAGAIN}
	exec := func(errno unix.Errno) *proc.SpawnError { return &proc.SpawnError{Stage: "exec", Err: errno} }
	for _, test := range []struct {
		name string
		err  *proc.SpawnError
		want int
	}{
		{"tini", exec(unix.ENOENT), 127}, {"tini", exec(unix.ENOEXEC), 127}, {"tini", exec(unix.EACCES), 126},
		{"tini", exec(unix.ENOTDIR), 1}, {"tini", exec(unix.E2BIG), 1}, {"tini", fork, 1},
		{"docker-init", exec(unix.EACCES), 126},
		{"dumb-init", exec(unix.ENOENT), 2}, {"dumb-init", exec(unix.EACCES), 2}, {"dumb-init", fork, 1},
		{"catatonit", exec(unix.ENOENT), 1}, {"catatonit", fork, 1},
	} {
		if got := readerOf(test.name)([]string{test.name, "true"}, nil, 7).SpawnStatus(test.err); got != test.want {
			t.Errorf("%s, %v: %d, want %d", test.name, test.err, got, test.want)
		}
	}
}

func TestLeadingNumber(t *testing.T) {
	for text, want := range map[string]string{
		"12": "12 true", " \t+12x": "12x true", "-7": "-7 true", "": "0 false", "x": "0x false", "+": "0+ false", " ": "0  false",
		"9223372036854775807": "9223372036854775807 true", "9223372036854775808": "9223372036854775807 true",
		"99999999999999999999999999": "9223372036854775807 true",
		"-9223372036854775808":       "-9223372036854775808 true", "-99999999999999999999999999": "-9223372036854775808 true",
	} {
		n, rest, ok := leadingNumber(text)
		if got := fmt.Sprintf("%d%s %v", n, rest, ok); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
