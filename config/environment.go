package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sexton/service"
)

// environment is what sexton was started with.
type environment struct {
	entries []string       // KEY=VALUE, each name once
	index   map[string]int // into entries
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

// readEnv reads the table of variables.
//
// In a string, ${NAME} and $NAME stand for a variable of the environment that
// sexton was started with, ${NAME:-default} gives a default for one that is unset
// or empty (and may contain variables itself), and $$ is a dollar sign: as in
// Docker Compose. The other keys of the table cannot be used. A variable that is
// not set and has no default is a mistake, and so is a dollar sign that begins
// none of these forms: otherwise its meaning would be lost silently.
//
// Numbers and booleans become text, floats as they are written.
func readEnv(r *reader, v *value, s *service.Spec) {
	if !r.table(v) {
		return
	}
	values := make(map[string]string, len(v.entries))
	for _, entry := range v.entries {
		if entry.name == "" || strings.ContainsAny(entry.name, "=\x00") {
			r.wrongKey(entry, "the name of a variable cannot be empty or contain = or a NUL byte", "rename it")
			continue
		}
		values[entry.name] = r.variable(entry)
	}
	s.Env = r.environment.with(values)
}

// variable is a variable's value as text; "" after a mistake.
func (r *reader) variable(v *value) string {
	switch data := v.data.(type) {
	case string:
		if !r.noNUL(v, data) {
			return ""
		}
		x := &expansion{reader: r, value: v, text: data}
		x.plain = r.file.text[v.at.start:v.at.end] == `"`+data+`"` || r.file.text[v.at.start:v.at.end] == "'"+data+"'"
		return x.run()
	case int64:
		return strconv.FormatInt(data, 10)
	case float64:
		return strings.ReplaceAll(r.file.text[v.at.start:v.at.end], "_", "")
	case bool:
		return strconv.FormatBool(data)
	}
	r.wrong(v, fmt.Sprintf("a variable is a string, but this is %s", kind(v.data)), r.inQuotes(v))
	return ""
}

// expansion replaces the variables in one string, in one pass.
type expansion struct {
	reader *reader
	value  *value
	text   string
	plain  bool // the file has the text without escapes, so a part of it has a place
	pos    int
	lost   bool // after a mistake, the rest of the text cannot be understood
	out    strings.Builder
}

func (x *expansion) run() string {
	x.until(false, true)
	return x.out.String()
}

// until goes to the end of the text or, inside a default, to its brace. If live, it
// writes what it passes, and reports variables that are unset.
func (x *expansion) until(inDefault, live bool) {
	for x.pos < len(x.text) {
		c := x.text[x.pos]
		switch {
		case c == '$':
			x.dollar(live)
		case c == '}' && inDefault:
			return
		default:
			x.pos++
			if live {
				x.out.WriteByte(c)
			}
		}
	}
}

// dollar reads what begins with a dollar sign.
func (x *expansion) dollar(live bool) {
	start := x.pos
	x.pos++
	rest := x.text[x.pos:]
	switch {
	case strings.HasPrefix(rest, "$"):
		x.pos++
		if live {
			x.out.WriteByte('$')
		}
	case strings.HasPrefix(rest, "{"):
		x.pos++
		x.braces(start, live)
	default:
		name := x.name()
		if name == "" {
			x.wrong(start, x.pos, "no variable follows this dollar sign", "write $$ for a dollar sign")
			return
		}
		x.put(start, name, live)
	}
}

// name reads a variable's name; "" if there is none.
func (x *expansion) name() string {
	start := x.pos
	for x.pos < len(x.text) && (x.text[x.pos] == '_' || strings.IndexByte(letters, x.text[x.pos]) >= 0) {
		x.pos++
	}
	if x.pos > start && x.text[start] >= '0' && x.text[start] <= '9' {
		x.pos = start
	}
	return x.text[start:x.pos]
}

// braces reads what follows "${". After a mistake it skips the rest of the
// string.
func (x *expansion) braces(start int, live bool) {
	name := x.name()
	rest := x.text[x.pos:]
	switch {
	case strings.HasPrefix(rest, "}") && name != "":
		x.pos++
		x.put(start, name, live)
	case strings.HasPrefix(rest, ":-") && name != "":
		x.pos += 2
		have, _ := x.reader.environment.lookup(name)
		if live {
			x.out.WriteString(have)
		}
		x.until(true, live && have == "")
		if x.pos < len(x.text) {
			x.pos++
			return
		}
		x.unclosed(start)
	case !strings.Contains(rest, "}"):
		x.unclosed(start)
	default:
		end := x.pos + strings.IndexByte(rest, '}') + 1
		x.pos, x.lost = len(x.text), true
		x.wrong(start, end, fmt.Sprintf("%s is not understood", x.text[start:end]), "write ${NAME} or ${NAME:-default}")
	}
}

// unclosed reports braces that are not closed, only the innermost ones.
func (x *expansion) unclosed(start int) {
	if !x.lost {
		x.pos, x.lost = len(x.text), true
		x.wrong(start, x.pos, "a ${ without its }", "close it, or write $$ for a dollar sign")
	}
}

// put writes a variable's value.
func (x *expansion) put(start int, name string, live bool) {
	if !live {
		return
	}
	have, ok := x.reader.environment.lookup(name)
	if !ok {
		mend := fmt.Sprintf("set it, or give a default: ${%s:-default}", name)
		if x.text[start+1] != '{' {
			mend += "; for a dollar sign write $$"
		}
		x.wrong(start, x.pos, fmt.Sprintf("the variable %s is not set", name), mend)
	}
	x.out.WriteString(have)
}

func (x *expansion) wrong(from, to int, text, mend string) {
	at := x.value.at
	if x.plain {
		at = span{at.start + 1 + from, at.start + 1 + to}
	}
	x.reader.report(x.value, at, x.value.shown, text, mend)
}
