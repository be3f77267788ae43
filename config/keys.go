package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/proc"
)

// row is one key of a table: all that there is to know of it. A new key is a
// new row.
type row[T any] struct {
	name    string
	expects string // what the value must be; stands behind "expected"
	example string // a line that is right
	others  string // what other programs call it, for those who come from there

	// read puts the value into its place, or reports what is wrong with it.
	// nil: a key of ours that this version does not know yet.
	read func(r *reader, v *value, into T)
}

// walk reads every entry of a table by its row. It gives, for each key that has
// no row, the name that was meant, or "".
func walk[T any](r *reader, table *value, rows []row[T], into T) (meant []string) {
	for _, v := range table.entries {
		i := slices.IndexFunc(rows, func(row row[T]) bool { return row.name == v.name })
		switch {
		case i < 0:
			meant = append(meant, unknownKey(r, v, rows))
		case rows[i].read == nil:
			r.wrongKey(v, "not supported yet by this version", "leave it out")
		default:
			v.expects, v.example = rows[i].expects, rows[i].example
			rows[i].read(r, v, into)
		}
	}
	return meant
}

// unknownKey reports a key that its table does not have, and says which one was
// meant, or which there are.
func unknownKey[T any](r *reader, v *value, rows []row[T]) (meant string) {
	if r.full() {
		r.dropped++
		return ""
	}
	var all, ready []string
	for _, row := range rows {
		if slices.Contains(strings.Fields(row.others), strings.ReplaceAll(v.name, "-", "_")) {
			r.wrongKey(v, "unknown key", fmt.Sprintf("here it is called %q", row.name))
			return row.name
		}
		all = append(all, row.name)
		if row.read != nil {
			ready = append(ready, row.name)
		}
	}
	if near := nearest(v.name, all); near != "" {
		r.wrongKey(v, "unknown key", fmt.Sprintf("did you mean %q?", near))
		return near
	}
	r.wrongKey(v, "unknown key", "there are: "+list(ready))
	return ""
}

// nearest is the name that a word most likely meant, or "". Nobody mistypes
// more than a long word, and the search takes the product of the lengths.
func nearest(word string, names []string) string {
	if len(word) > maxNameBytes {
		return ""
	}
	word = strings.ReplaceAll(strings.ToLower(word), "-", "_")
	for _, name := range names {
		if strings.ReplaceAll(strings.ToLower(name), "-", "_") == word {
			return name
		}
	}
	return proc.Nearest(word, names)
}

// suggestion is the mend for a name that does not exist; "" where there are too
// many to compare it with for each mistake in a large file.
func suggestion(word string, names []string) string {
	const most = 1000
	if len(names) > most {
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

// list joins names, the first ones where they are many.
func list(names []string) string {
	const most = 20
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// wrongType reports a value of another kind than its row wants.
func (r *reader) wrongType(v *value) {
	r.wrong(v, fmt.Sprintf("expected %s but found %s", v.expects, kind(v.data)), "write, for example, "+v.example)
}

// tables are the entries of a table; none, and a mistake, where it is no table.
func (r *reader) tables(v *value) []*value {
	if !r.table(v) {
		return nil
	}
	return v.entries
}

// table tells whether a value is a table, and reports it where it is not.
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
