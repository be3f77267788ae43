package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/service"
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

// With env_files any variable may have another value at a start, so the keys that allow it keep their text. The others
// are filled in when the file is read, and must not need such a variable.
func TestValuesWaitForTheVariablesOfAStart(t *testing.T) {
	spec, mistakes := draftOf(`
command = ["web", "${PORT}", "$${A}", "${FIXED}"]
dir = "${FIXED}/x"
user = "${PUID}"
ready = { http = "http://127.0.0.1:${PORT}/", every = "${FIXED:+2}s" }
env = { FIXED = "/srv", DOLLAR = "$$", PORT = "$((PORT+1))", N = 3 }
env_files = ["/x"]
`)
	if got := strings.Join(mistakes, "\n"); got != "" {
		t.Error(got)
	}
	if want := []string{"command", "user", "ready.http"}; !slices.Equal(spec.Late, want) || !spec.Prepare {
		t.Errorf("late: %q, want %q", spec.Late, want)
	}
	if want := []string{"FIXED=/srv", "DOLLAR=$$", "PORT=$((PORT+1))", "N=3"}; !slices.Equal(spec.Set, want) || !slices.Equal(spec.Env, []string{"PORT=1"}) {
		t.Errorf("set: %q, want %q, over %q", spec.Set, want, spec.Env)
	}
	if want := []string{"web", "${PORT}", "$${A}", "${FIXED}"}; !slices.Equal(spec.Command, want) || spec.Dir != "/srv/x" || spec.Ready.Every != 2*time.Second {
		t.Errorf("%q, %q, %v", spec.Command, spec.Dir, spec.Ready)
	}

	spec, mistakes = draftOf(`
command = ["web", "${TOKEN}", "${PORT}"]
dir = "/${PORT}"
secret_names = ["TOKEN"]
secrets = { PASSWORD = "/run/secrets/db" }
env = { A = "${PORT}", B = "${PORT}" }
stdin = "${PASSWORD}"
umask = "${TOKEN}"
`)
	if want := []string{"command", "stdin"}; !slices.Equal(spec.Late, want) || spec.Dir != "/1" || spec.Set != nil {
		t.Errorf("late: %q, want %q; dir %q, set %q", spec.Late, want, spec.Dir, spec.Set)
	}
	const want = "the variable TOKEN gets its value when the service starts, too late for this key; use a variable that is set before, or write the value"
	if len(mistakes) != 1 || !strings.Contains(mistakes[0], want) {
		t.Errorf("%q, want %s", mistakes, want)
	}
	if _, mistakes = draftOf("command = ['w']\nenv_files = ['/x']\nenv.A = '${B}'\numask = '${A}'\nuser = '${'"); len(mistakes) != 2 {
		t.Errorf("%q", mistakes)
	}
}

// draftOf is a service as its table says, and what is wrong with its variables.
func draftOf(table string) (*service.Spec, []string) {
	r := &reader{file: &file{name: "f"}, environment: newEnvironment([]string{"PORT=1"}), options: Options{Running: true}}
	d := r.draft(r.layers([]Source{{"f", []byte("[service.web]\n" + table)}}))
	var mistakes []string
	for _, m := range r.mistakes {
		if strings.Contains(m.Text, "variable") || strings.Contains(m.Text, "${") {
			mistakes = append(mistakes, m.Error())
		}
	}
	return &d.services[0].spec, mistakes
}

// A running container may have another number of replicas than its file says.
func TestReplicasMayBeOthers(t *testing.T) {
	plan, _, err := Parse("f", []byte("[service.web]\ncommand = ['w', '${REPLICAS}']\nreplicas = 2\n"), nil, Options{Replicas: map[string]int{"web": 3, "other": 9}})
	if err != nil || len(plan.Services) != 3 || plan.Services[2].Name != "web@3" || plan.Services[2].Command[1] != "3" {
		t.Errorf("%v, %+v", err, plan.Services)
	}
}
