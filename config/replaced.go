package config

import (
	"cmp"
	"fmt"
	"slices"
)

// Replaced says which values took the place of those of an earlier file, and which took them back:
// one line each, in the order of the files.
func (r *Reading) Replaced() (lines []string) {
	if r.root == nil {
		return nil
	}
	changes := slices.Clone(r.r.gone)
	gone := make(map[*value]bool)
	for _, v := range r.r.gone {
		gone[v] = true
	}
	changes = slices.DeleteFunc(changes, func(v *value) bool { return v.byDefault }) // a copy for each service
	r.root.replacing(func(v *value) {
		if !gone[v] {
			changes = append(changes, v)
		}
	})
	slices.SortStableFunc(changes, func(a, b *value) int {
		return cmp.Or(cmp.Compare(a.file.order, b.file.order), cmp.Compare(a.key.start, b.key.start))
	})
	for _, v := range changes {
		old, words := v.replaces, "is taken back"
		if !gone[v] {
			words = "is " + v.shortly()
		}
		if !old.byDefault && old.text() != v.text() {
			lines = append(lines, fmt.Sprintf("%s %s at %s, %s", v.fullPath(), words, v.place(), old.was()))
		}
	}
	return lines
}

// replacing calls yield for each value of a table that replaces another one.
func (v *value) replacing(yield func(*value)) {
	for _, entry := range v.entries {
		if entry.replaces != nil {
			yield(entry)
		}
		entry.replacing(yield)
	}
}

// fullPath is the key from the top of the file: service.web.env.MODE.
func (v *value) fullPath() string {
	switch {
	case v.service == "":
		return v.path
	case v.path == "":
		return join("service", v.service)
	}
	return join("service", v.service) + "." + v.path
}

// shortly is the value as its file has it, for a message.
func (v *value) shortly() string {
	if v.file.headed(v) {
		return "a table"
	}
	return v.file.excerpt(v.at)
}

// was says where an earlier value stands, and what it is.
func (v *value) was() string {
	if v.file.headed(v) {
		return "it was at " + v.place()
	}
	return fmt.Sprintf("it was %s at %s", v.shortly(), v.place())
}
