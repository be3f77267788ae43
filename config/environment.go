package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sexton/expand"
	"sexton/service"
)

// environment is what sexton was started with.
type environment struct {
	entries []string        // KEY=VALUE, each name once
	index   map[string]int  // into entries
	unknown map[string]bool // of [init] env in a check: variables of which it does not know the value
	ours    []string        // the names of the variables of [init] env
}

func newEnvironment(environ []string) environment {
	e := environment{index: make(map[string]int, len(environ))}
	for _, entry := range environ {
		name, _, ok := strings.Cut(entry, "=")
		if _, known := e.index[name]; !ok || name == "" || known {
			continue
		}
		e.index[name] = len(e.entries)
		e.entries = append(e.entries, entry)
	}
	return e
}

// add appends a variable, unless it is there already.
func (e *environment) add(name, value string) {
	if _, known := e.index[name]; !known {
		e.index[name] = len(e.entries)
		e.entries = append(e.entries, name+"="+value)
	}
}

// addLimits adds what the container may use. A value that we were started with wins, as that of SEXTON_GRACE does.
func (r *reader) addLimits() {
	if r.options.Limits == nil {
		return
	}
	cpus, memory := r.options.Limits()
	r.environment.add("SEXTON_CPUS", strconv.Itoa(cpus))
	r.environment.add("SEXTON_MEMORY", strconv.FormatInt(memory, 10))
}

func (e environment) lookup(name string) (string, bool) {
	i, ok := e.index[name]
	if !ok {
		return "", false
	}
	return e.entries[i][len(name)+1:], true
}

// with is the environment with some values replaced or added: a known name keeps
// its place, new ones follow, sorted by name. Services without values of their own share
// one list, so the caller must not change the entries of the result.
func (e environment) with(values map[string]string) []string {
	if len(values) == 0 {
		return slices.Clip(e.entries)
	}
	out := slices.Clone(e.entries)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entry := name + "=" + values[name]
		if i, ok := e.index[name]; ok {
			out[i] = entry
		} else {
			out = append(out, entry)
		}
	}
	return out
}

// variables reads a service's env table before its other keys, which use the variables. Those of a replica lie below it.
//
// In a string, ${NAME} and $NAME stand for a variable of the layers below, never of env itself, and $$ is a dollar sign, as
// in Docker Compose (expand.Env). A dollar sign that begins no form is a mistake: otherwise its meaning would be lost
// silently. The other keys of the table cannot be used.
//
// Numbers and booleans become text, floats as they are written.
func (r *reader) variables(table *value, replica map[string]string, s *service.Spec) *scope {
	own := r.lateNames(table)
	own.replica = replica
	s.Env = r.environment.with(replica)
	v := table.child("env")
	if v == nil {
		return own
	}
	v.expects, v.example = "a table", `env = { MODE = "prod" }`
	if !r.table(v) {
		return own
	}
	values, waiting, unknown := make(map[string]string, len(v.entries)), make(map[string]bool), make(map[string]bool)
	below := *own
	below.late = nil // secrets lie above env
	if own.files {
		below.late = func(string) bool { return true }
	}
	for _, entry := range v.entries {
		if entry.name == "" || strings.ContainsAny(entry.name, "=\x00") {
			r.wrongKey(entry, "the name of a variable cannot be empty or contain = or a NUL byte", "rename it")
			continue
		}
		text, isText := entry.data.(string)
		if late := isText && r.isLate(text, expand.Env, &below); late {
			s.Set = append(s.Set, entry.name+"="+r.template(entry, text, expand.Env))
			waiting[entry.name] = true
			continue
		}
		value, known := r.variable(entry, &below)
		if values[entry.name] = value; !known {
			unknown[entry.name] = true
		}
		if own.files { // which would take its place otherwise
			s.Set = append(s.Set, entry.name+"="+expand.EscapeEnv(value))
		}
	}
	own.own, own.waiting, own.unknown = values, waiting, unknown
	if !own.files {
		s.Env = r.environment.with(over(replica, values))
	}
	return own
}

// over is both, where the second wins.
func over(below, values map[string]string) map[string]string {
	if len(below) == 0 {
		return values
	}
	all := maps.Clone(below)
	maps.Copy(all, values)
	return all
}

// variable is a variable's value as text, and whether it is known.
func (r *reader) variable(v *value, below *scope) (string, bool) {
	switch data := v.data.(type) {
	case string:
		if !r.noNUL(v, data) {
			return "", false
		}
		return r.filled(v, data, expand.Env, below)
	case int64:
		return strconv.FormatInt(data, 10), true
	case float64:
		return strings.ReplaceAll(v.text(), "_", ""), true
	case bool:
		return strconv.FormatBool(data), true
	}
	r.wrong(v, fmt.Sprintf("a variable is a string, but this is %s", kind(v.data)), r.inQuotes(v))
	return "", false
}
