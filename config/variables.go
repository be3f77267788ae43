package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/expand"
	"sexton/service"
)

// Variables are filled in when a table is decoded, in a copy of its tree: values of [defaults] belong to several services,
// each with an environment of its own. What is executed by a shell keeps its variables, and env is read by itself
// (readEnv), since it has more forms.

const (
	// mostFilled bounds all values with variables of one configuration together.
	mostFilled = 64 << 20
)

// scope is where the names in a table's values come from. The zero value has only the variables that every service gets.
type scope struct {
	files   bool                   // env_files: any variable but those of env may have another value at a start
	late    func(name string) bool // a variable gets its value at a start; nil: none does
	own     map[string]string      // the service's own variables; they come first
	replica map[string]string      // REPLICA and its relatives, below own
	waiting map[string]bool        // variables of env that get their values at a start
	unknown map[string]bool        // variables of which a check does not know the value
}

// lookup finds a variable. In a check, one that is set to something unknown is "".
func (r *reader) lookup(s *scope) expand.Lookup {
	return func(name string) (string, bool) {
		switch {
		case s.unknown[name]:
			return "", true
		case s.waiting[name]:
			return "", false
		}
		if value, ok := s.own[name]; ok {
			return value, true
		}
		if value, ok := s.replica[name]; ok {
			return value, true
		}
		return r.environment.lookup(name)
	}
}

// filled is the text of a value with its variables. It reports what is wrong with them. The value is unknown after a
// mistake, and in a check that knows too little.
func (r *reader) filled(v *value, text string, forms expand.Forms, s *scope) (out string, known bool) {
	if !expand.Has(text, forms) {
		return text, true
	}
	template, faults := expand.Parse(text, forms)
	if len(faults) == 0 {
		out, faults = template.Fill(r.lookup(s), service.MostText)
	}
	known = len(faults) == 0
	template.Names(func(name string) {
		_, own := s.own[name]
		known = known && !s.unknown[name] && (own || !r.environment.unknown[name])
	})
	for _, fault := range faults {
		at := v.part(text, fault.Start, fault.End)
		switch {
		case fault.Name != "" && s.unknown[fault.Name]: // that is reported where it is set
		case fault.Missing && s.late != nil && s.late(fault.Name):
			r.report(v, at, v.shown, fmt.Sprintf("the variable %s gets its value when the service starts, too late for this key", fault.Name),
				"use a variable that is set before, or write the value")
		case fault.Missing && !r.options.Running:
			if !slices.Contains(r.unset, fault.Name) && len(r.unset) < maxMistakes {
				r.unset = append(r.unset, fault.Name)
			}
			r.noteAt(v, at, fault.Text, fault.Mend)
		default:
			r.report(v, at, v.shown, fault.Text, fault.Mend)
		}
	}
	if r.bytes += len(out); r.bytes > mostFilled && known {
		known = false
		if r.bytes -= len(out); !r.tooLong {
			r.tooLong = true
			r.wrong(v, "with their variables, the values of this file are too long", "is one variable very long?")
		}
	}
	return out, known
}

// part is the place of a part of a string in the file, or of the whole value where the file has the string with
// escapes.
func (v *value) part(text string, from, to int) span {
	if written := v.text(); written == `"`+text+`"` || written == "'"+text+"'" {
		return span{v.at.start + 1 + from, v.at.start + 1 + to}
	}
	return v.at
}

// expanded is a value with the variables of all strings in it filled in. It is the value itself if there are none, and
// otherwise a copy.
func (r *reader) expanded(v *value, s *scope) *value {
	return r.expandedBy(v, func(v *value) *value {
		switch {
		case v.path == "env" || v.path == "init.env":
			return v
		case stageOf(v.name) != service.NoStage:
			return r.expandedHooks(v, s)
		case isCommand(v.name):
			return r.expandedCommand(v, s)
		}
		if text, ok := v.data.(string); ok {
			return r.expandedText(v, text, s)
		}
		if len(v.items) > 0 && s.late != nil && service.MayBeLate(v.path) {
			return r.expandedWords(v, s)
		}
		return r.expanded(v, s)
	})
}

// expandedHooks fills in the commands of a hook: one, or a list of them.
func (r *reader) expandedHooks(v *value, s *scope) *value {
	switch {
	case v.entries != nil:
		return r.expanded(v, s)
	case v.isOneCommand():
		return r.expandedCommand(v, s)
	}
	return r.expandedBy(v, func(hook *value) *value { return r.expandedHooks(hook, s) })
}

// lateNames is a scope that knows which variables a service gets at a start: those of its secrets, and with env_files any.
func (r *reader) lateNames(table *value) *scope {
	s := &scope{files: table.child("env_files") != nil}
	secrets, names := table.child("secrets"), table.child("secret_names")
	if !s.files && secrets == nil && names == nil {
		return s
	}
	var all []string
	if names != nil {
		for _, item := range names.items {
			name, _ := item.data.(string)
			all = append(all, name)
		}
	}
	any := slices.Contains(all, "*")
	s.late = func(name string) bool {
		if any || secrets.child(name) != nil || slices.Contains(all, name) {
			return true
		}
		_, own := s.own[name]
		if _, replica := s.replica[name]; replica {
			own = true
		}
		return s.files && !own && !s.unknown[name]
	}
	return s
}

// isLate tells whether a text has a variable that gets its value at a start.
func (r *reader) isLate(text string, forms expand.Forms, s *scope) (late bool) {
	if s.late == nil || !expand.Has(text, forms) {
		return false
	}
	template, _ := expand.Parse(text, forms)
	template.Names(func(name string) { late = late || s.late(name) })
	return late
}

// template is a text that is filled in at each start. What is wrong with it is wrong already.
func (r *reader) template(v *value, text string, forms expand.Forms) string {
	_, faults := expand.Parse(text, forms)
	for _, fault := range faults {
		r.report(v, v.part(text, fault.Start, fault.End), v.shown, fault.Text, fault.Mend)
	}
	return text
}

// isCommand tells whether a key has a command as its value.
func isCommand(key string) bool {
	return key == "command" || key == "exec" || key == "reload" || stageOf(key) != service.NoStage
}

// expandedTables is the whole tree with the variables of what belongs to no service.
func (r *reader) expandedTables(root *value) *value {
	return r.expandedBy(root, func(table *value) *value {
		if table.name == "service" || table.name == "defaults" {
			return table
		}
		return r.expanded(table, &scope{})
	})
}

// expandedBy is a value whose entries and items are what fill makes of them; the value itself if fill changes none.
func (r *reader) expandedBy(v *value, fill func(*value) *value) *value {
	entries, items := changed(v.entries, fill), changed(v.items, fill)
	if entries == nil && items == nil {
		return v
	}
	c := *v
	if entries != nil {
		c.entries, c.index = entries, nil
	}
	if items != nil {
		c.items = items
	}
	return &c
}

// changed is a list of values as fill makes them; nil if it changes none.
func changed(all []*value, fill func(*value) *value) (out []*value) {
	for i, v := range all {
		if c := fill(v); c != v {
			if out == nil {
				out = slices.Clone(all)
			}
			out[i] = c
		}
	}
	return out
}

func (r *reader) expandedText(v *value, text string, s *scope) *value {
	switch {
	case !expand.Has(text, expand.Value):
		return v
	case r.isLate(text, expand.Value, s) && service.MayBeLate(v.path):
		return r.waiting(v, text)
	}
	c := *v
	out, known := r.filled(v, text, expand.Value, s)
	if c.filled, c.unknown = known, !known; known {
		c.data = out
	}
	return &c
}

// expandedCommand fills in the words of a command that is a list. A shell has variables of its own: a string, and a list
// that starts one with -c, stay as they are. The string of reload may also be a signal.
func (r *reader) expandedCommand(v *value, s *scope) *value {
	if text, ok := v.data.(string); ok {
		if v.name == "reload" && !strings.ContainsAny(text, " \t\r\n") {
			return r.expandedText(v, text, s)
		}
		return v
	}
	var words []string
	for _, item := range v.items {
		if word, ok := item.data.(string); ok {
			words = append(words, word)
		}
	}
	if len(words) > 0 && startsShell(words) {
		return v
	}
	return r.expandedWords(v, s)
}

// expandedWords fills in a list of words. If one of them needs the variables of a start, all wait for it.
func (r *reader) expandedWords(v *value, s *scope) *value {
	late := s.late != nil && service.MayBeLate(v.path) && slices.ContainsFunc(v.items, func(item *value) bool {
		text, _ := item.data.(string)
		return r.isLate(text, expand.Value, s)
	})
	return r.expandedBy(v, func(item *value) *value {
		text, ok := item.data.(string)
		switch {
		case ok && late:
			return r.waiting(item, text)
		case ok:
			return r.expandedText(item, text, s)
		}
		return item
	})
}

// waiting is a value that keeps its variables until a start.
func (r *reader) waiting(v *value, text string) *value {
	c := *v
	c.late, c.data = true, r.template(v, text, expand.Value)
	return &c
}

// lateKeys are the keys in a table that keep their variables until a start.
func lateKeys(table *value) (keys []string) {
	for _, v := range table.entries {
		if v.late || slices.ContainsFunc(v.items, func(item *value) bool { return item.late }) {
			keys = append(keys, v.path)
		}
		keys = append(keys, lateKeys(v)...)
	}
	return keys
}

// isUnknown tells whether a value, or an item of a list, has a variable whose value is not known.
func (v *value) isUnknown() bool {
	return v.unknown || slices.ContainsFunc(v.items, func(item *value) bool { return item.unknown })
}

// isUnknownTable tells whether a table has an entry that is.
func (v *value) isUnknownTable() bool { return slices.ContainsFunc(v.entries, (*value).isUnknown) }
