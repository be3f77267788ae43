package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is a TOML value together with its place.
type value struct {
	data any // string, int64, float64, bool, time.Time; a list or a table as the TOML reader made it
	name string
	file *file // the file that sets it
	key  span  // its key
	at   span  // itself

	service string // the service that it belongs to; "": none
	path    string // for messages: "stop", "ready.http", "init.grace"; of an item, its list's
	shown   span   // for messages: what is written behind the path; empty: nothing

	entries []*value       // of a table, in the order of the files
	items   []*value       // of a list
	index   map[string]int // of a long table, into entries; see child

	replaces  *value // what an earlier layer has here, if this took its place
	byDefault bool   // it stands in [defaults]

	filled  bool // data has its variables filled in, so a string may stand for a number or a boolean
	late    bool // data is a template (expand.Value) that is filled in at each start
	unknown bool // it has a variable that is not set; data is what the file says

	expects, example string // what it should be, in words and as a line; see row
}

// tree joins the values that the TOML reader found with their places.
func (f *file) tree(data map[string]any, places *node) *value {
	root := &value{data: data, file: f}
	f.grow(root, places)
	return root
}

func (f *file) grow(v *value, n *node) {
	switch data := v.data.(type) {
	case map[string]any:
		for _, name := range namesOf(data, n) {
			entry := &value{data: data[name], name: name, service: v.service, path: join(v.path, name)}
			if v.path == "service" && v.service == "" {
				entry.service, entry.path = name, ""
			}
			f.put(entry, n, n.kids[name])
			v.entries = append(v.entries, entry)
		}
	case []any:
		for i, item := range data {
			f.growItem(v, n, i, item)
		}
	case []map[string]any:
		for i, item := range data {
			f.growItem(v, n, i, item)
		}
	}
}

func (f *file) growItem(list *value, n *node, i int, data any) {
	item := &value{data: data, name: list.name, service: list.service, path: list.path}
	var place *node
	if i < len(n.items) {
		place = n.items[i]
	}
	f.put(item, n, place)
	item.shown = list.shown
	list.items = append(list.items, item)
}

// put gives a value its place. A value that scan did not see gets the place around
// it.
func (f *file) put(v *value, around, place *node) {
	if place == nil {
		place = &node{key: around.key, at: around.at}
	}
	v.file, v.key, v.at = f, place.key, place.at
	if !f.headed(v) {
		v.shown = v.at
	}
	f.grow(v, place)
}

// headed tells that a table is written with a header or with dotted keys, and not as a
// value in braces.
func (f *file) headed(v *value) bool {
	switch v.data.(type) {
	case map[string]any, []map[string]any:
		return v.at.end == v.at.start || strings.IndexByte("[{", f.text[v.at.start]) < 0
	}
	return false
}

// namesOf lists a table's keys in the order of the file.
func namesOf(data map[string]any, n *node) []string {
	known := make([]string, 0, len(data))
	for _, name := range n.names {
		if _, ok := data[name]; ok {
			known = append(known, name)
		}
	}
	if len(known) < len(data) {
		for _, name := range slices.Sorted(maps.Keys(data)) {
			if n.kids[name] == nil {
				known = append(known, name)
			}
		}
	}
	return known
}

// join appends a key to the path of its table, in quotes if TOML needs
// them.
func join(path, name string) string {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// child is the entry of a table under a name; nil if there is none, or if v is not a
// table.
func (v *value) child(name string) *value {
	if v == nil {
		return nil
	}
	if i := v.indexOf(name); i >= 0 {
		return v.entries[i]
	}
	return nil
}

// fewEntries is how many entries of a table a search looks through one by one.
const fewEntries = 32

// indexOf is the index of the entry of a table under a name, or -1.
func (v *value) indexOf(name string) int {
	if len(v.entries) <= fewEntries {
		return slices.IndexFunc(v.entries, func(entry *value) bool { return entry.name == name })
	}
	if len(v.index) != len(v.entries) {
		v.index = make(map[string]int, len(v.entries))
		for i, entry := range v.entries {
			v.index[entry.name] = i
		}
	}
	if i, ok := v.index[name]; ok {
		return i
	}
	return -1
}

// text is the value as its file has it.
func (v *value) text() string { return v.file.text[v.at.start:v.at.end] }

// line is the number of the line of its key.
func (v *value) line() int { return v.file.line(v.key.start) }

// empty tells that a table has no entries, or does not exist.
func (v *value) empty() bool {
	if v == nil {
		return true
	}
	_, ok := v.data.(map[string]any)
	return ok && len(v.entries) == 0
}

// kind is what a value is, in words.
func kind(data any) string {
	switch data.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	default:
		return "a list"
	}
}
