package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sexton/proc"
)

// row is one key of a table, with everything that is known about it. A new key is a
// new row.
type row[T any] struct {
	name    string
	expects string // what the value must be; stands behind "expected"
	example string // a line that is right
	others  string // what other programs call it

	// read stores the value, or reports what is wrong with it.
	// nil: a key that this version does not support yet.
	read func(r *reader, v *value, into T)
}

// walk reads every entry of a table by its row. It gives, for each key that has
// no row, the name that was meant, or "".
func walk[T any](r *reader, table *value, rows []row[T], into T) (meant []string) {
	takeBackRows(r, table, rows)
	for _, v := range table.entries {
		i := slices.IndexFunc(rows, func(row row[T]) bool { return row.name == v.name })
		switch {
		case i < 0:
			meant = append(meant, unknownKey(r, v, rows))
		case rows[i].read == nil:
			r.wrongKey(v, "not supported yet by this version", "leave it out")
		default:
			v.expects, v.example = rows[i].expects, rows[i].example
			if !v.isUnknown() || isCommand(v.name) { // a check shows a command as it is written
				rows[i].read(r, v, into)
			}
		}
	}
	return meant
}

// takeBackRows takes back what an entry of the table is false for, unless false is a value of its key.
func takeBackRows[T any](r *reader, table *value, rows []row[T]) {
	r.takeBack(table, func(key string) bool {
		i := slices.IndexFunc(rows, func(row row[T]) bool { return row.name == key })
		return i < 0 || strings.Contains(rows[i].expects, "false")
	})
}

// unknownKey reports a key that its table does not have, and says which one was
// meant, where it belongs, or which there are.
func unknownKey[T any](r *reader, v *value, rows []row[T]) (meant string) {
	if r.full() {
		r.dropped++
		return ""
	}
	if r.repeats(v) && r.repeated[repeatKey(v, v.key, "unknown key")] {
		return ""
	}
	var all, ready, later []string
	for _, row := range rows {
		all = append(all, row.name)
		if row.read != nil {
			ready = append(ready, row.name)
		} else {
			later = append(later, row.name)
		}
	}
	wrong := func(mend, name string) string {
		if slices.Contains(later, name) {
			mend += " (not supported yet by this version: leave it out)"
		}
		r.wrongKey(v, "unknown key", mend)
		return name
	}
	if mend := habitual(v); mend != "" {
		return wrong(mend, "")
	}
	if len(v.name) <= maxNameBytes {
		for _, row := range rows {
			if slices.ContainsFunc(strings.Fields(row.others), func(other string) bool { return folded(other) == folded(v.name) }) {
				return wrong(fmt.Sprintf("in sexton it is called %q", row.name), row.name)
			}
		}
	}
	if where := home(v.name); where != "" {
		return wrong("it belongs under "+where, "")
	}
	if near := nearest(v.name, all); near != "" {
		return wrong(fmt.Sprintf("did you mean %q?", near), near)
	}
	switch isService := v.path == v.name && v.child("command") != nil; { // under a header that names no service
	case isService && v.service != "":
		return wrong(fmt.Sprintf("put a name with a dot in quotes: [service.%q]", v.service+"."+v.name), "command")
	case isService:
		return wrong("the header of a service is [service."+v.name+"]", "")
	}
	return wrong("there are: "+strings.Join(ready, ", "), "")
}

// home is the table that a misplaced key belongs to; "" if there is none.
func home(key string) string {
	switch {
	case has(initRows(), key):
		return "[init]"
	case has(serviceRows(), key):
		return "[service.NAME]"
	case has(logRows(false), key):
		return "[log], or in a service's log = { ... }"
	case has(logRows(true), key):
		return "[log]"
	}
	return ""
}

// has tells whether rows have a key that this version knows.
func has[T any](rows []row[T], key string) bool {
	return slices.ContainsFunc(rows, func(row row[T]) bool { return row.name == key && row.read != nil })
}

// folded is a name without differences of writing: ExecStart, exec-start and
// exec_start are the same.
func folded(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
}

// nearest is the name that a word most likely meant, or "". A word that is longer than any
// name is not compared: that takes the product of the lengths.
func nearest(word string, names []string) string {
	if len(word) > maxNameBytes {
		return ""
	}
	for _, name := range names {
		if folded(name) == folded(word) {
			return name
		}
	}
	return proc.Nearest(strings.ReplaceAll(strings.ToLower(word), "-", "_"), names)
}

// suggestion is the mend for a name that does not exist; "" if there are too
// many names to compare it with for each mistake in a large file.
func suggestion(word string, names []string) string {
	const most, mostBytes = 1000, 20_000
	if len(names) > most || len(names)*len(word) > mostBytes {
		return ""
	}
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) == 0 {
		return "there are none"
	}
	return "there are: " + list(slices.Sorted(slices.Values(names)))
}

// list joins names, only the first ones if there are many.
func list(names []string) string {
	const most = 20
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// wrongType reports a value that is not of its row's kind.
func (r *reader) wrongType(v *value) {
	r.wrong(v, fmt.Sprintf("expected %s but found %s", v.expects, kind(v.data)), "write, for example, "+v.example)
}

// tables are the entries of a table. It reports a value that is not a table.
func (r *reader) tables(v *value) []*value {
	if !r.table(v) {
		return nil
	}
	r.takeBack(v, func(string) bool { return false })
	return v.entries
}

// table tells whether a value is a table, and reports it if it is not.
func (r *reader) table(v *value) bool {
	switch v.data.(type) {
	case map[string]any:
		return true
	case []map[string]any:
		r.wrong(v, "expected one table but found a list of tables", "write the header in single brackets: "+v.example)
	default:
		r.wrongType(v)
	}
	return false
}
