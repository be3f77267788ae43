package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"sexton/expand"
	"sexton/service"
)

// Glances read one value of files that may have mistakes, and nothing else.

// ControlSocket finds out where files put the control socket, for a client. "": they do not
// say; "off": there is no socket. include is Options.Include, and environ as for Parse.
func ControlSocket(sources []Source, include func(file, pattern string) ([]Source, error), environ []string) string {
	return (&glance{table: "control", key: "socket", include: include, environment: newEnvironment(environ)}).look(sources)
}

// TerminationLog finds out where files with mistakes want the reason of the end:
// the usual place, unless they have another valid one; "" if they want none.
func TerminationLog(sources []Source, include func(file, pattern string) ([]Source, error), environ []string) string {
	g := &glance{table: "init", key: "termination_log", include: include, environment: newEnvironment(environ)}
	switch path := g.look(sources); {
	case path == noTerminationLog:
		return ""
	case strings.HasPrefix(path, "/"):
		return path
	}
	return service.DefaultTerminationLog
}

// glance looks for one string of a table.
type glance struct {
	table, key string
	include    func(file, pattern string) ([]Source, error)
	seen       map[string]bool   // names of files
	values     map[string]string // what the tables env say; nil: not looked for
	found      string            // what the last one says

	environment environment // what variables stand for
}

// look is the text with its variables; "" if one is not set.
func (g *glance) look(sources []Source) string {
	g.all(sources)
	if !expand.Has(g.found, expand.Value) {
		return g.found
	}
	below := glance{table: "init", key: "env", include: g.include, environment: g.environment, values: make(map[string]string)}
	below.all(sources)
	text, _ := below.filled(g.found, expand.Value, newEnvironment(g.environment.with(below.values)))
	return text
}

// filled is a text with its variables, and whether all are set.
func (g *glance) filled(text string, forms expand.Forms, environment environment) (string, bool) {
	template, faults := expand.Parse(text, forms)
	if len(faults) == 0 {
		text, faults = template.Fill(environment.lookup, service.MostText)
	}
	if len(faults) > 0 {
		return "", false
	}
	return text, true
}

func (g *glance) all(sources []Source) {
	for _, source := range sources {
		g.at(source)
	}
}

// at looks at one file, and at what it includes. It reads only what can matter.
func (g *glance) at(source Source) {
	if len(g.seen) >= MaxFiles || g.seen[source.Name] {
		return
	}
	if g.seen == nil {
		g.seen = make(map[string]bool)
	}
	g.seen[source.Name] = true
	text := source.Text
	if len(text) > MaxBytes || !bytes.Contains(text, []byte(g.key)) && !bytes.Contains(text, []byte("include")) || tooDeep(string(text)) >= 0 {
		return
	}
	data, err := decode(string(text), toml.Decode)
	if err != nil {
		return
	}
	keys, _ := data[g.table].(map[string]any)
	switch value := keys[g.key].(type) {
	case string:
		g.found = value
	case bool: // false takes it back
		g.found = ""
	case map[string]any: // of env, with what sees only our own
		for name, value := range value {
			if text, ok := value.(string); ok && g.values != nil {
				value, _ = g.filled(text, expand.Env, g.environment)
			}
			if g.values != nil {
				g.values[name] = fmt.Sprint(value)
			}
		}
	}
	patterns, _ := data["include"].([]any)
	for _, pattern := range patterns {
		if pattern, ok := pattern.(string); ok && g.include != nil {
			if expand.Has(pattern, expand.Value) {
				if pattern, ok = g.filled(pattern, expand.Value, g.environment); !ok {
					continue
				}
			}
			sources, _ := g.include(source.Name, pattern)
			g.all(sources)
		}
	}
}
