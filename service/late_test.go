package service

import (
	"slices"
	"strings"
	"testing"

	"sexton/proc"
)

func TestFilledTakesTheVariablesOfAStart(t *testing.T) {
	s := Spec{
		Command: []string{"web", "${PORT}", "$${PORT}", "${TOKEN}"}, Settings: proc.Settings{Dir: "${HOME}/x"}, User: "${UID}", Groups: []string{"${UID}", "1"},
		Ready: Probe{Kind: TCPProbe, Target: "127.0.0.1:${PORT}"}, Stdin: "${NOT_LATE}",
		Env: []string{"HOME=/plan"}, Set: []string{"PORT=$((PORT+1))", "UID=7", "SAME=$UID$$"},
		Late: []string{"command", "dir", "user", "groups", "ready.tcp"},
	}
	secret := func(name string) (string, bool) { return "secret", name == "TOKEN" }
	before := s
	got, err := s.Filled([]string{"HOME=/run", "PORT=80", "UID=5", "HOME=/second"}, secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2][]string{
		{got.Command, {"web", "81", "${PORT}", "secret"}}, {got.Groups, {"7", "1"}},
		{got.Env, {"HOME=/run", "PORT=81", "UID=7", "HOME=/second", "SAME=5$"}},
		{{got.Dir, got.User, got.Ready.Target, got.Stdin}, {"/run/x", "7", "127.0.0.1:81", "${NOT_LATE}"}},
		{s.Command, before.Command}, {s.Groups, {"${UID}", "1"}},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%q, want %q", pair[0], pair[1])
		}
	}
}

func TestStdinMayBeNone(t *testing.T) {
	s := Spec{Stdin: "${NO:-null}", Late: []string{"stdin"}}
	if got, err := s.Filled(nil, nil); err != nil || got.Stdin != "null" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestFilledSaysWhatIsMissingAndShowsNoValue(t *testing.T) {
	below := []string{"WORD=hunter2", "EMPTY="}
	for key, test := range map[string]struct {
		spec Spec
		want string
	}{
		"missing":     {Spec{Settings: proc.Settings{Dir: "${NO}"}, Late: []string{"dir"}}, "dir: the variable NO is not set; set it"},
		"env":         {Spec{Set: []string{"A=${EMPTY:?give it}"}}, "env.A: the variable EMPTY is empty: give it; set it"},
		"no integer":  {Spec{Command: []string{"$((WORD+1))"}, Late: []string{"command"}}, "command: the variable WORD is not an integer"},
		"no path":     {Spec{Settings: proc.Settings{Dir: "${WORD}"}, Late: []string{"dir"}}, "dir: with its variables it is no absolute path; set"},
		"stdin":       {Spec{Stdin: "${INHERIT:-inherit}", Late: []string{"stdin"}}, "stdin: with its variables it is no absolute path"},
		"no file":     {Spec{Ready: Probe{Target: "${WORD}"}, Late: []string{"ready.file"}}, "ready.file: with its variables it is no absolute path"},
		"too long":    {Spec{User: strings.Repeat("${WORD}", MostText), Late: []string{"user"}}, "user: the text with its variables is longer than"},
		"env is flat": {Spec{Set: []string{"A=1", "B=$A"}}, "env.B: the variable A is not set"},
	} {
		_, err := test.spec.Filled(below, nil)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", key, err, test.want)
		}
	}
}
