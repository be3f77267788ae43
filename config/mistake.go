package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
)

// maxMistakes bounds how much one file can make us print. A file with more mistakes is
// some other file.
const maxMistakes = 1000

// Mistake is one mistake: where it is, what it is, and how to fix it.
type Mistake struct {
	File   string // as given to Parse; "": not in the file but in the environment
	Line   int    // from 1; 0: the file as a whole
	Column int    // from 1, in characters, a tab being one; 0 where Line is
	Length int    // in characters, at least 1, not beyond the end of the line; 0 where Line is

	Service string // "": in no service
	Key     string // inside the service, or from the top: "ready.http", "init.grace"; "": a table as a whole
	Value   string // what the file says there, as it is written, shortened; "": the key itself is the mistake

	Text   string // what is wrong
	Mend   string // how to fix it; may be empty
	Source string // the line of the file, without its end

	order int // of its file among all files
}

// Error is the mistake in one line, without its source.
func (m *Mistake) Error() string {
	var b strings.Builder
	switch {
	case m.File == "":
		b.WriteString("environment: ")
	case m.Line == 0:
		fmt.Fprintf(&b, "%s: ", m.File)
	default:
		fmt.Fprintf(&b, "%s:%d:%d: ", m.File, m.Line, m.Column)
	}
	return b.String() + m.words()
}

// words is the mistake without its place.
func (m *Mistake) words() string {
	var b strings.Builder
	if m.Service != "" {
		fmt.Fprintf(&b, "service %q: ", m.Service)
	}
	if m.Key != "" {
		b.WriteString(clean(m.Key))
		if m.Value != "" {
			b.WriteString(" = " + m.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(clean(m.Text))
	if m.Mend != "" {
		b.WriteString("; " + clean(m.Mend))
	}
	return b.String()
}

// clean replaces what a terminal would act upon or not show. Messages quote the
// file, and it may be any file.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return utf8.RuneError
		}
		return c
	}, text)
}

// err is all mistakes as one error, or nil.
func (r *reader) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	all := &multierror.Error{ErrorFormat: lines}
	for _, m := range sorted(r.mistakes) {
		all.Errors = append(all.Errors, m)
	}
	if r.dropped > 0 {
		all.Errors = append(all.Errors, &Mistake{File: r.file.name,
			Text: fmt.Sprintf("%d further mistakes are not shown", r.dropped), Mend: "is it the right file?"})
	}
	return all
}

// Count is how many mistakes an error of Parse holds: 0 for nil, 1 for an error of
// another kind.
func Count(err error) int {
	var all *multierror.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &all):
		return len(all.Errors)
	}
	return 1
}

// remarks are the notes, each as one line.
func (r *reader) remarks() []string {
	var out []string
	for _, m := range sorted(r.notes) {
		out = append(out, m.Error())
	}
	return out
}

// sorted puts mistakes into the order of the files; in each, those without a place come first.
func sorted(mistakes []*Mistake) []*Mistake {
	out := slices.Clone(mistakes)
	slices.SortStableFunc(out, func(a, b *Mistake) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// lines is multierror's format: one mistake, one line.
func lines(mistakes []error) string {
	texts := make([]string, len(mistakes))
	for i, err := range mistakes {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "\n")
}

// add reports a mistake that has no place.
func (r *reader) add(m *Mistake) {
	m.order = r.file.order
	r.mistakes = append(r.mistakes, m)
}

// full tells that no further mistake in the text will be shown. Then callers need not
// find its place and its words, which takes time on long lines.
func (r *reader) full() bool { return len(r.mistakes) >= maxMistakes }

// report reports a mistake at a part of the text; v is the value that it belongs to,
// or nil.
func (r *reader) report(v *value, at, shown span, text, mend string) {
	if v != nil && r.repeats(v) && r.isRepeated(v, at, text) {
		return
	}
	if r.full() {
		r.dropped++
		return
	}
	r.mistakes = append(r.mistakes, r.fileOf(v).mistake(v, at, shown, text, mend))
}

// repeats tells whether several services may report the same about a value.
func (r *reader) repeats(v *value) bool { return v.byDefault || r.replicated[v.service] }

func repeatKey(v *value, at span, text string) string {
	return fmt.Sprintf("%d %d %s", v.file.order, at.start, text)
}

// isRepeated tells whether another service has reported the same about [defaults].
func (r *reader) isRepeated(v *value, at span, text string) bool {
	key := repeatKey(v, at, text)
	if r.repeated[key] {
		return true
	}
	if r.repeated == nil {
		r.repeated = make(map[string]bool)
	}
	r.repeated[key], r.reported = true, append(r.reported, key)
	return false
}

// fileOf is the file that has a value, or, for nil, the one that is being read.
func (r *reader) fileOf(v *value) *file {
	if v == nil {
		return r.file
	}
	return v.file
}

// wrong reports a mistake in the value v.
func (r *reader) wrong(v *value, text, mend string) { r.report(v, v.at, v.shown, text, mend) }

// wrongKey reports a mistake that is the key v itself, or the table v.
func (r *reader) wrongKey(v *value, text, mend string) { r.report(v, v.key, span{}, text, mend) }

// note remarks on the value v. Notes have the same bound as mistakes.
func (r *reader) note(v *value, text, mend string) { r.noteAt(v, v.at, text, mend) }

// noteAt remarks on a part of the value v.
func (r *reader) noteAt(v *value, at span, text, mend string) {
	if r.repeats(v) && r.isRepeated(v, at, text) {
		return
	}
	if len(r.notes) < maxMistakes {
		r.notes = append(r.notes, v.file.mistake(v, at, v.shown, text, mend))
	}
}
