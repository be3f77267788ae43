package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// Source is the text of one file.
type Source struct {
	Name string // for messages, and for what the file includes
	Text []byte
}

// Reading is what Read makes of its files.
type Reading struct {
	Plan  service.Plan
	Notes []string // remarks; see Parse
	Files []string // the names of all files, included ones too, in the order in which they count

	r     *reader
	root  *value
	draft *draft
}

// Read is like Parse, for several files, at least one: they count in their order, each with the files that
// it includes behind it. A table that stands in several files is merged key by key, and the later file
// wins; a list, and some tables (see whole), are replaced as a whole. A value of false
// takes back what an earlier file says, unless it is a value that the key may have.
//
// The notes and the files are there also with an error.
func Read(sources []Source, environ []string, options Options) (Reading, error) {
	r := &reader{file: &file{}, environment: newEnvironment(environ), options: options}
	r.addLimits()
	reading := Reading{r: r}
	if root := r.layers(sources); root != nil {
		reading.root, reading.draft = root, r.draft(root)
		r.check(reading.draft)
	}
	for _, f := range r.files {
		reading.Files = append(reading.Files, f.name)
	}
	reading.Notes = r.remarks()
	if err := r.err(); err != nil {
		return reading, err
	}
	reading.Plan = reading.draft.plan()
	reading.Plan.Unset = r.unset
	return reading, nil
}

// layers reads files, and what they include, into one tree. It returns nil after a
// mistake in the syntax of any of them.
func (r *reader) layers(sources []Source) *value {
	var roots []*value
	for _, source := range sources {
		roots = append(roots, r.layer(source, nil)...)
	}
	if len(roots) > 0 {
		r.file = roots[0].file
	}
	if len(r.mistakes) > 0 || len(roots) == 0 {
		return nil
	}
	for _, over := range roots[1:] {
		roots[0].merge(over)
	}
	return roots[0]
}

// layer reads one file, and behind it the files that it includes. by is the value that
// includes it, or nil.
func (r *reader) layer(source Source, by *value) []*value {
	f := &file{name: source.Name, order: len(r.files), by: by}
	r.file, r.files = f, append(r.files, f)
	if r.known == nil {
		r.known = make(map[string]*file)
	}
	if r.known[f.name] == nil {
		r.known[f.name] = f
	}
	root := r.syntax(source.Text)
	if root == nil {
		return nil
	}
	return append([]*value{root}, r.include(root)...)
}

// Bounds of what files may include: more is a mistake, or an attack.
const (
	MaxFiles = 10_000
	MaxTotal = 16 << 20 // bytes of all files
)

// include takes the key include out of a file's tree, and reads the files that it names.
func (r *reader) include(root *value) (roots []*value) {
	i := root.indexOf("include")
	if i < 0 {
		return nil
	}
	v := root.entries[i]
	root.entries, root.index = slices.Delete(root.entries, i, i+1), nil
	v.expects, v.example = "a list of files", `include = ["conf.d/*.toml"]`
	if pattern, ok := v.data.(string); ok {
		r.wrong(v, "expected a list of files but found a string", fmt.Sprintf("write include = [%q]", pattern))
		return nil
	}
	v = r.expanded(v, &scope{})
	patterns, good := r.texts(v)
	if !good {
		return nil
	}
	for i, pattern := range patterns {
		item := v.items[i]
		if item.unknown {
			continue
		}
		if r.options.Include == nil {
			r.note(item, "the files that this one includes were not read", "")
			continue
		}
		sources, err := r.options.Include(v.file.name, pattern)
		if err != nil {
			text, mend, _ := strings.Cut(err.Error(), "; ")
			r.wrong(item, text, mend)
		}
		for _, source := range sources {
			if r.mayInclude(item, pattern, source) {
				roots = append(roots, r.layer(source, item)...)
			}
		}
	}
	return roots
}

// mayInclude tells whether a file is to be read: it was not read before, and is not one too many.
func (r *reader) mayInclude(item *value, pattern string, source Source) bool {
	r.total += len(source.Text)
	known := r.known[source.Name]
	switch {
	case known != nil && strings.ContainsAny(pattern, "*?["): // it names the files that there are, perhaps this one too
	case known != nil && known.includes(item):
		r.wrong(item, fmt.Sprintf("%s would include itself", source.Name), "remove it")
	case known != nil:
		text := fmt.Sprintf("%s is read already", source.Name)
		if by := known.by; by != nil {
			text = fmt.Sprintf("%s is already included %s", source.Name, by.where(item))
		}
		r.wrong(item, text, "remove one of the two")
	case r.tooMuch: // reported
	case len(r.files) >= MaxFiles:
		r.tooMuch = true
		r.wrong(item, fmt.Sprintf("these are more than the %d files that a configuration may have", MaxFiles), "is it the right directory?")
	case r.total > MaxTotal:
		r.tooMuch = true
		r.wrong(item, fmt.Sprintf("together the files are larger than the %d bytes that a configuration may have", MaxTotal), "is it the right directory?")
	default:
		return true
	}
	return false
}

// includes tells whether a value is in the file, or in one that it includes.
func (f *file) includes(v *value) bool {
	for ; v != nil; v = v.file.by {
		if v.file == f {
			return true
		}
	}
	return false
}

// merge puts a later layer's table over this one, key by key.
func (v *value) merge(over *value) {
	for _, entry := range over.entries {
		i := v.indexOf(entry.name)
		if i < 0 {
			v.add(entry)
			continue
		}
		if old := v.entries[i]; old.merges() && entry.merges() {
			old.merge(entry)
		} else {
			entry.replaces = old
			v.entries[i] = entry
		}
	}
}

// add appends an entry that the table does not have yet.
func (v *value) add(entry *value) {
	if len(v.index) == len(v.entries) && v.index != nil {
		v.index[entry.name] = len(v.entries)
	}
	v.entries = append(v.entries, entry)
}

// takeBack removes the entries of a table that are false and so take back what an earlier layer
// says. isValue tells whether false is a value of a key like any other.
func (r *reader) takeBack(table *value, isValue func(key string) bool) {
	if !slices.ContainsFunc(table.entries, func(v *value) bool { return v.data == false }) {
		return
	}
	var kept []*value // the table may share its entries with a copy
	for _, v := range table.entries {
		switch {
		case v.data != false || v.replaces == nil && v.file.order == 0 || isValue(v.name):
			kept = append(kept, v)
			continue
		case v.replaces == nil:
			r.note(v, "no earlier file has this key, so there is nothing to take back", "leave it out")
		default:
			r.gone = append(r.gone, v)
		}
	}
	table.entries, table.index = kept, nil
}

// merges tells whether a value is a table that is merged key by key. The rest is
// replaced as a whole: what is left of the earlier one would not fit the new one.
func (v *value) merges() bool {
	if _, table := v.data.(map[string]any); !table {
		return false
	}
	switch table, key, _ := strings.Cut(v.path, "."); {
	case v.service == "" && table == "signals":
		return key == ""
	case v.service == "" && table == "defaults":
		return !isWhole(key)
	}
	return v.service == "" || !isWhole(v.path)
}

// isWhole tells whether a key of a service is a table that is replaced as a whole.
func isWhole(key string) bool {
	return key == "ready" || key == "healthy" || key == "watch" || key == "schedule"
}

// where is the place of a value for a message about another one, which has its own
// place: "on line 7", with the file if it is another.
func (v *value) where(other *value) string {
	if other != nil && v.file == other.file {
		return fmt.Sprintf("on line %d", v.line())
	}
	return "at " + v.place()
}

// elsewhere names the place of a value for a message about another one, if that is in another file.
func (v *value) elsewhere(other *value) string {
	if v == nil || v.file == other.file {
		return ""
	}
	return fmt.Sprintf(" (%s is at %s)", v.name, v.place())
}

// place is where a value is: FILE:LINE.
func (v *value) place() string { return fmt.Sprintf("%s:%d", v.file.name, v.line()) }
