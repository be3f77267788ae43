package config

import (
	"slices"
	"strings"

	"sexton/expand"
)

// Variables are filled in when a table is decoded, in a copy of its tree: values of [defaults] belong to several services,
// each with an environment of its own. What is executed by a shell keeps its variables, and env is read by itself
// (readEnv), since it has more forms.

const (
	// mostText bounds a value with its variables: the kernel takes no longer word or variable.
	mostText = 128<<10 - 1

	// mostFilled bounds all values with variables of one configuration together.
	mostFilled = 64 << 20
)

// scope is where the names in a table's values come from. The zero value has only the variables that every service gets.
type scope struct {
	own     map[string]string // the service's own variables; they come first
	unknown map[string]bool   // variables of which a check does not know the value
}

// lookup finds a variable. In a check, one that is set to something unknown is "".
func (r *reader) lookup(s *scope) expand.Lookup {
	return func(name string) (string, bool) {
		if s.unknown[name] {
			return "", true
		}
		if value, ok := s.own[name]; ok {
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
		out, faults = template.Fill(r.lookup(s), mostText)
	}
	known = len(faults) == 0
	template.Names(func(name string) { known = known && !s.unknown[name] })
	for _, fault := range faults {
		at := v.part(text, fault.Start, fault.End)
		switch {
		case fault.Name != "" && s.unknown[fault.Name]: // that is reported where it is set
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
		case isCommand(v.name):
			return r.expandedCommand(v, s)
		case isOneOf("before_start", "after_start", "before_stop", "after_stop")(v.name) && len(v.items) > 0:
			return r.expandedBy(v, func(hook *value) *value {
				if hook.entries != nil {
					return r.expanded(hook, s)
				}
				return r.expandedCommand(hook, s)
			})
		}
		if text, ok := v.data.(string); ok {
			return r.expandedText(v, text, s)
		}
		return r.expanded(v, s)
	})
}

// isCommand tells whether a key has a command as its value.
func isCommand(key string) bool {
	return key == "command" || key == "exec" || key == "stop_command" || key == "reload"
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
	if !expand.Has(text, expand.Value) {
		return v
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
	return r.expandedBy(v, func(item *value) *value {
		if text, ok := item.data.(string); ok {
			return r.expandedText(item, text, s)
		}
		return item
	})
}

// isUnknown tells whether a value, or an item of a list, has a variable whose value is not known.
func (v *value) isUnknown() bool {
	return v.unknown || slices.ContainsFunc(v.items, func(item *value) bool { return item.unknown })
}

// isUnknownTable tells whether a table has an entry that is.
func (v *value) isUnknownTable() bool { return slices.ContainsFunc(v.entries, (*value).isUnknown) }
