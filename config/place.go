package config

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// file is the text with its lines.
type file struct {
	name   string
	order  int    // its number among all files, from 0
	by     *value // what includes it, or nil
	text   string
	starts []int // the offset of each line's first byte; never empty once filled
}

// span is a part of the text in bytes: from start to before end.
type span struct{ start, end int }

func (f *file) fill(text string) {
	f.text, f.starts = text, []int{0}
	for i := range len(text) {
		if text[i] == '\n' && i+1 < len(text) {
			f.starts = append(f.starts, i+1)
		}
	}
}

// line is the number, from 1, of the line that an offset lies in.
func (f *file) line(offset int) int {
	i, found := slices.BinarySearch(f.starts, offset)
	if found {
		i++
	}
	return i
}

// source is a line without its end.
func (f *file) source(line int) string {
	rest := f.text[f.starts[line-1]:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSuffix(rest, "\r")
}

// mistake makes a mistake of a part of the text, cut at the end of its first
// line. v, or nil, is the value that it belongs to; shown is the part that the message quotes
// after its key.
func (f *file) mistake(v *value, at, shown span, text, mend string) *Mistake {
	at.start = max(0, min(at.start, len(f.text)))
	line := f.line(at.start)
	source := f.source(line)
	from := min(at.start-f.starts[line-1], len(source))
	to := max(from, min(at.end-f.starts[line-1], len(source)))
	m := &Mistake{
		File:   f.name,
		Line:   line,
		Column: utf8.RuneCountInString(source[:from]) + 1,
		Length: max(1, utf8.RuneCountInString(source[from:to])),
		Text:   text,
		Mend:   mend,
		Source: source,
		order:  f.order,
	}
	if v != nil {
		m.Service, m.Key, m.Value = v.service, v.path, f.excerpt(shown)
	}
	return m
}

// excerpt is a part of the text for a message: its first line, shortened.
func (f *file) excerpt(at span) string {
	const most = 60 // characters
	whole := strings.TrimRight(f.text[at.start:at.end], " \t\r\n")
	text, _, _ := strings.Cut(whole, "\n")
	text = strings.TrimRight(text, " \t\r")
	count := 0
	for i := range text {
		if count++; count > most {
			text = text[:i]
			break
		}
	}
	if len(text) < len(whole) {
		return clean(strings.ReplaceAll(text, "\t", " ")) + " ..."
	}
	return clean(strings.ReplaceAll(text, "\t", " "))
}

// firstOf is the line of the first appearance of the key that a message of the TOML
// reader has in single quotes, before the line of offset at; 0 if it is not found.
func (f *file) firstOf(message string, at int) int {
	_, rest, _ := strings.Cut(message, "'")
	name, _, ok := strings.Cut(rest, "'")
	if !ok {
		return 0
	}
	parts, _ := (&scanner{text: name}).key()
	n := scan(f.text[:f.starts[f.line(at)-1]])
	for _, part := range parts {
		if len(n.items) > 0 {
			n = n.items[len(n.items)-1]
		}
		if n = n.kids[part]; n == nil {
			return 0
		}
	}
	return f.line(n.key.start)
}

// trim removes white space from the front of a span, so that carets do not point at
// it.
func (f *file) trim(at span) span {
	at.start = max(0, min(at.start, len(f.text)))
	at.end = max(at.start, min(at.end, len(f.text)))
	for at.end-at.start > 1 && strings.IndexByte(" \t\r\n", f.text[at.start]) >= 0 {
		at.start++
	}
	return at
}
