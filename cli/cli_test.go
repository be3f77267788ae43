package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"sexton/config"
	"sexton/internal/golden"
	"sexton/proc"
	"sexton/verbs"
)

var ourLines = []string{
	"-- true", "true -v", "-v -- sh -c exit", "-sg -e143 -e 7 true", "--single-child -- true", "--setsid true", "--rewrite TERM:QUIT --rewrite=1:0 true",
	"--rewrite PROF:RTMIN+1 true", "--linger 0 true", "--linger=500ms --grace 5s true", "-p RTMIN+3 true", "-c f -- bash", "-c f", "check -c f", "version",
	"--", "--no-such", "--verbos", "-x", "-e", "-e 300 true", "-e x true", "-p NO true", "-p 0 true", "--verbose=3 true", "--linger soon true",
	"--grace -1s true", "--rewrite TERM true", "--rewrite TREM:1 true", "--rewrite TERM:TREM true", "--rewrite KILL:TERM true", "--rewrite CHLD:0 true",
	"--rewrite 15:99 true", "-c f --setsid", "-c f -e 7 -- true", "check word", "status --no-such", "--group true",
	"status", "status --json web db", "status -c f -- -odd", "status --setsid", "status --now", "--json true", "check --live", "health --live web -q", "health --ready --live",
	"why", "why web", "why web db", "shutdown", "shutdown --now", "shutdown web", "-c  -- true", "--config= true", "--trace= true", "--linger= true", "-vx true", "-é true", "doctor", "doctor web",
	"-c f check", "-v true check", "--json status web", "-c f -- check", "check f.toml", "doctor f.toml", "check --grace 5s", "check -c f --setsid", "check -c f -- bash",
	"pause", "pause --linger 20s --grace=25s -wv", "pause -s", "pause --setsid", "pause -c f", "-c f pause", "pause bash", "pause -- bash -l", "--rewrite TERM:INT pause", "pause --json",
	"--grace 28 true", "--linger 1.5 true", "--grace 0 true",
	"start", "start web", "stop web", "restart --help", "signal HUP web", "logs -f -n 5 web", "-c f reload", "-- reload",
}

func TestOurCommandLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("Our own command lines, and what we make of them.\n")
	for _, line := range ourLines {
		fmt.Fprintf(&b, "\n$ sexton %s\n", line)
		args := strings.Split(line, " ")
		c := &call{verb: verbs.NoVerb.Name, stdout: io.Discard, stderr: io.Discard}
		if err := c.parse(args); err != nil {
			fmt.Fprintf(&b, "  wrong: %v\n", err)
			continue
		}
		fmt.Fprintf(&b, "  %s %q config %q verbosity %d\n", c.verb, c.command, c.config, c.verbosity)
		if c.row().Asks() {
			fmt.Fprintf(&b, "  words %q json %v ready %v live %v now %v\n", c.words, c.json, c.ready, c.live, c.immediately)
		}
		if c.verb == verbs.Pause {
			plan := config.Pause()
			c.apply(&plan)
			fmt.Fprintf(&b, "  linger %v, grace %v\n", plan.Init.Linger, plan.Init.Grace)
		}
		if len(c.command) > 0 && c.config == "" {
			plan := config.OneCommand(c.command, nil)
			c.apply(&plan)
			main := plan.Services[0]
			fmt.Fprintf(&b, "  single %v, session %v, linger %v, grace %v, parent death %v, ok codes %v\n",
				main.Single, main.Session, plan.Init.Linger, plan.Init.Grace, main.ParentDeath, c.okCodes)
			for s := proc.Signal(1); s <= proc.LastSignal; s++ {
				switch rule, ok := plan.Init.Rules[s]; {
				case ok && rule.Signal != 0:
					fmt.Fprintf(&b, "  %v: %v as %v\n", s, rule.Verb, rule.Signal)
				case ok:
					fmt.Fprintf(&b, "  %v: %v\n", s, rule.Verb)
				}
			}
		}
	}
	golden.File(t, "../testdata/cli/sexton.golden", b.String())
}

// What `sexton check` says of the files that config's tests take to be good.
func TestCheckSaysWhatAFileWouldDo(t *testing.T) {
	for _, name := range []string{"signals", "signals-of-nobody", "signals-unstoppable", "restarts", "drain", "drain-plain", "no-time-left", "shares"} {
		var out, complaints bytes.Buffer
		c := &call{
			verb: "check", config: "../testdata/config/good/" + name + ".toml", stdout: &out, stderr: &complaints,
			environ: []string{"PATH=/bin", "HOST=db.example"},
		}
		status := c.check()
		golden.File(t, "../testdata/cli/check-"+name+".golden", fmt.Sprintf("%s%sstatus %d\n", &complaints, &out, status))
	}
}

// What --help prints: all of it, and each verb by itself.
func TestUsageSaysWhatThereIs(t *testing.T) {
	var b bytes.Buffer
	lines := []string{"--help", "help", "help status", "restart --help"}
	for _, v := range verbs.All {
		if v.Help != "" {
			lines = append(lines, v.Name+" --help")
		}
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "$ sexton %s\n", line)
		c := &call{verb: verbs.NoVerb.Name, stdout: &b}
		if err := c.parse(strings.Split(line, " ")); err != nil {
			fmt.Fprintf(&b, "  wrong: %v\n\n", err)
			continue
		}
		c.explain()
		b.WriteString("\n")
	}
	golden.File(t, "../testdata/cli/usage.golden", b.String())
}

// TestVerbsAndFlagsFitTogether: each verb's flags exist, and each flag that the usage shows has a verb.
func TestVerbsAndFlagsFitTogether(t *testing.T) {
	for _, v := range append([]verbs.Verb{verbs.NoVerb}, verbs.All...) {
		for _, name := range strings.Fields(v.Flags) {
			if (&call{verb: v.Name}).flagNamed(name) == nil {
				t.Errorf("%s: there is no flag %s", v.Name, name)
			}
		}
	}
	for i := range flags {
		if f := &flags[i]; f.help != "" && len(f.verbs()) == 0 {
			t.Errorf("no verb knows %s", f.name())
		}
	}
}
