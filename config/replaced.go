package config

import (
	"fmt"
	"strings"
)

// Replaced says which values took the place of those of an earlier file, and which took them back:
// one line each, in the order of the tables.
func (r *Reading) Replaced() []string {
	var lines []string
	if r.root != nil {
		r.root.replaced(&lines)
	}
	return lines
}

func (v *value) replaced(lines *[]string) {
	for _, entry := range v.gone {
		if old := entry.replaces; !old.isDefault() {
			*lines = append(*lines, fmt.Sprintf("%s is taken back at %s, %s", entry.fullPath(), entry.place(), old.was()))
		}
	}
	for _, entry := range v.entries {
		if old := entry.replaces; old != nil && !old.isDefault() && (old.shortly() != entry.shortly() || old.file.headed(old)) {
			*lines = append(*lines, fmt.Sprintf("%s is %s at %s, %s", entry.fullPath(), entry.shortly(), entry.place(), old.was()))
		}
		entry.replaced(lines)
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

// isDefault tells whether a value comes from [defaults].
func (v *value) isDefault() bool {
	return v.service == "" && (v.path == "defaults" || strings.HasPrefix(v.path, "defaults."))
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
