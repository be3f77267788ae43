package config

import (
	"slices"
	"testing"
)

// A remark tells of each $NAME in a list, which no shell expands. A dollar sign of a pattern is not one.
func TestVariablesInListsAreNoticed(t *testing.T) {
	for word, want := range map[string]string{
		"$a": "a", "${a}": "a", "x$Z_9/y": "Z_9", "$$HOME": "HOME", "a$ $b": "b", "${HOME:-x}": "HOME",
		"": "", "$": "", "a$": "", "$1": "", "^a$": "", "${a": "", "$(date)": "", "x$.$": "",
	} {
		if got := variableIn(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// env expands variables of any name; a name cannot begin with a digit.
func TestEnvExpandsVariablesOfAnyName(t *testing.T) {
	const head = "[service.web]\ncommand = ['web']\nenv = "
	environ := []string{"a=1", "_9=2"}
	plan, _, err := Parse("f", []byte(head+`{ A = "$a", B = "${a}${_9}", C = "${z:-${a:-y}}" }`), environ, Options{})
	if want := []string{"a=1", "_9=2", "A=1", "B=12", "C=1"}; err != nil || !slices.Equal(plan.Services[0].Env, want) {
		t.Errorf("%v, %+v, want %q", err, plan.Services, want)
	}
	if _, _, err := Parse("f", []byte(head+`{ A = "${9}" }`), environ, Options{}); err == nil {
		t.Error("${9} is accepted")
	}
}
