package config

import (
	"bytes"
	"strings"

	"github.com/BurntSushi/toml"

	"sexton/service"
)

// Glances read one value of files that may have mistakes, and nothing else.

// ControlSocket finds out where files put the control socket, for a client. "": they do not
// say; "off": there is no socket. include is Options.Include.
func ControlSocket(sources []Source, include func(file, pattern string) ([]Source, error)) string {
	g := &glance{table: "control", key: "socket", include: include}
	return g.all(sources)
}

// TerminationLog finds out where files with mistakes want the reason of the end:
// the usual place, unless they have another valid one; "" if they want none.
func TerminationLog(sources []Source, include func(file, pattern string) ([]Source, error)) string {
	g := &glance{table: "init", key: "termination_log", include: include}
	switch path := g.all(sources); {
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
	seen       map[string]bool // names of files
	found      string          // what the last one says
}

func (g *glance) all(sources []Source) string {
	for _, source := range sources {
		g.at(source)
	}
	return g.found
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
	}
	patterns, _ := data["include"].([]any)
	for _, pattern := range patterns {
		if pattern, ok := pattern.(string); ok && g.include != nil {
			sources, _ := g.include(source.Name, pattern)
			g.all(sources)
		}
	}
}
