package config

import "testing"

// What a client, or the end after a mistake, sees of a file has its variables filled in as a start would.
func TestGlancesFillVariablesIn(t *testing.T) {
	const more = "[control]\nsocket = '${RUN:-/run}/${NAME}.sock'\n[init]\nenv = { NAME = \"s-$WHO\", N = 3 }\ntermination_log = '${RUN:-/run}/log-${N}'\nwrong = 1\n"
	include := func(_, pattern string) ([]Source, error) {
		if pattern != "web.toml" {
			t.Errorf("included %q", pattern)
		}
		return []Source{{"web.toml", []byte(more)}}, nil
	}
	files := []Source{{"f", []byte("include = ['${ROLE}.toml', '${NONE}.toml']\n")}}
	environ := []string{"ROLE=web", "WHO=me"}
	if got := ControlSocket(files, include, environ); got != "/run/s-me.sock" {
		t.Errorf("socket %q", got)
	}
	if got := TerminationLog(files, include, append(environ, "RUN=/x")); got != "/x/log-3" {
		t.Errorf("log %q", got)
	}
	if got := ControlSocket([]Source{{"f", []byte("[control]\nsocket = '${NONE}/s'\n")}}, nil, nil); got != "" {
		t.Errorf("socket %q", got)
	}
}

// Which files are included may depend on our own variables.
func TestIncludesHaveVariables(t *testing.T) {
	options := Options{Include: func(_, pattern string) ([]Source, error) {
		return []Source{{pattern, []byte("[service.b]\ncommand = ['b']\n")}}, nil
	}}
	text := []byte("include = ['${ROLE}.toml', '${NONE}.toml']\n[service.a]\ncommand = ['a']\n")
	reading, err := Read([]Source{{"f", text}}, []string{"ROLE=web"}, options)
	if err != nil || len(reading.Files) != 2 || reading.Files[1] != "web.toml" || len(reading.Notes) != 1 || len(reading.Plan.Unset) != 1 {
		t.Errorf("%v, %q, %q", err, reading.Files, reading.Notes)
	}
}
