package config

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"

	"sexton/proc"
	"sexton/service"
)

// Package probe reads the URL again later, with net/url: it must accept what config accepts.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"http://localhost", "HTTP://[::1]:80/a?b=%20#c", "http://a:1/\"<>^`{|}\\", "http://[:]/", "http://a#%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := &reader{file: &file{}}
		r.file.fill("")
		var p service.Probe
		readHTTP(r, &value{data: s, file: r.file}, &p)
		if len(r.mistakes) > 0 {
			return
		}
		if u, err := url.Parse(s); err != nil || u.Hostname() == "" || u.Scheme != "http" {
			t.Errorf("%q: %v, %+v", s, err, u)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		running := Options{Running: true, Limits: func() (int, int64) { return 2, 1 << 30 }}
		if plan, _, err := Parse("f", []byte(text), ambient, running); err == nil {
			checkPlan(t, plan)
		}
		plan, notes, err := Parse("f", []byte(text), ambient, Options{})
		lines := strings.Count(text, "\n") + 1
		if err == nil {
			checkPlan(t, plan)
		} else {
			checkMistakes(t, err, lines)
		}
		for _, note := range notes {
			if strings.Contains(note, "\n") {
				t.Errorf("a note of two lines: %q", note)
			}
		}
	})
}

func checkMistakes(t *testing.T, err error, lines int) {
	text := Render(err, false)
	if strings.TrimSpace(text) == "" || strings.ContainsAny(text, "\x1b\r\t\x00") {
		t.Errorf("rendered %q", text)
	}
	last := 0
	for _, err := range err.(*multierror.Error).Errors {
		m := err.(*Mistake)
		if m.Line < 0 || m.Line > lines || m.Line < last && m.Line != 0 || m.Text == "" || strings.Contains(m.Error(), "\n") {
			t.Errorf("%d lines, and %+v", lines, m)
		}
		if m.Line > 0 && (m.Column < 1 || m.Length < 1 || m.Column+m.Length-1 > len(m.Source)+1) {
			t.Errorf("no place: %+v", m)
		}
		if strings.Contains(m.Text, "internal error") {
			t.Errorf("%+v", m)
		}
		last = m.Line
	}
}

// checkPlan is what the machine may rely on in a plan.
func checkPlan(t *testing.T, plan service.Plan) {
	t.Helper()
	names := map[string]bool{}
	terminals := 0
	for _, s := range plan.Services {
		if names[s.Name] {
			t.Errorf("two services are called %q", s.Name)
		}
		names[s.Name] = true
		if s.TTY {
			terminals++
		}
		checkSpec(t, s)
	}
	if plan.Init.Main != "" && !names[plan.Init.Main] || terminals > 1 || len(plan.Services) == 0 || plan.Init.Grace < leastGrace {
		t.Errorf("got %+v, %d terminals", plan.Init, terminals)
	}
	graph := service.NewGraph(plan.Services)
	if graph.Cycle != nil {
		t.Fatalf("cycle %v", graph.Cycle)
	}
	if _, total := graph.LongestStop(); total > plan.Init.Grace-service.Reserve(plan.Init.Grace) {
		t.Errorf("stopping takes %v of %v", total, plan.Init.Grace)
	}
	for _, s := range plan.Services {
		for _, name := range slices.Concat(s.Needs, s.Wants) {
			if !names[name] {
				t.Errorf("%s needs %q", s.Name, name)
			}
		}
	}
	checkRules(t, plan.Init.Rules, names)
}

// checkSpec is what holds for a service by itself.
func checkSpec(t *testing.T, s service.Spec) {
	t.Helper()
	if nameFault(s.Name) != "" || (len(s.Command) == 0) != s.External || !s.External && s.Command[0] == "" {
		t.Errorf("service %q", s.Name)
	}
	if s.PTY && (s.TTY || !s.Session || !s.Log.OneStream || s.Log.Format == service.Inherit || s.Stdin == "inherit") {
		t.Errorf("a terminal of its own in %+v", s)
	}
	for i, rung := range s.Stop {
		if rung.Kills() != (i == len(s.Stop)-1) || rung.For < 0 || rung.Kills() && rung.For != 0 {
			t.Errorf("ladder %v", s.Stop)
		}
	}
	for _, d := range []time.Duration{s.Ready.Delay, s.Ready.Every, s.Ready.Timeout, s.Ready.Within,
		s.Backoff.First, s.Backoff.Max - s.Backoff.First, s.Backoff.Reset, s.GiveUp.Within} {
		if d < 0 {
			t.Errorf("a negative time in %+v", s)
		}
	}
	if len(s.Stop) == 0 || len(s.OKCodes) == 0 || s.Backoff.Factor < 1 || s.Backoff.Jitter < 0 || s.Backoff.Jitter > 1 ||
		s.Umask != nil && *s.Umask > 0o777 || s.OneShot && s.Restart == service.Always {
		t.Errorf("got %+v", s)
	}
	for _, entry := range s.Env {
		if strings.IndexByte(entry, '=') < 1 || strings.IndexByte(entry, 0) >= 0 {
			t.Errorf("environment %q", s.Env)
		}
	}
}

// checkRules is what holds for [signals].
func checkRules(t *testing.T, rules map[proc.Signal]service.Rule, names map[string]bool) {
	t.Helper()
	for signal, rule := range rules {
		sends := rule.Verb == service.VerbSend
		if unheard(signal) != "" || signal < 1 || signal > proc.LastSignal ||
			sends && rule.Signal == 0 || (sends || rule.Verb == service.VerbRestart) != (len(rule.To) > 0) {
			t.Errorf("rule %v: %+v", signal, rule)
		}
		for _, name := range rule.To {
			if !names[name] {
				t.Errorf("rule %v is about %q", signal, name)
			}
		}
	}
}
