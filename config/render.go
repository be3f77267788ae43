package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"

	"sexton/proc"
)

// Render prints an error of Parse for people: each mistake in one line, and
// under it the line of the file with carets below what is meant. Every line
// ends with a newline. color adds ANSI colours. Another error is one line, and
// nil is "".
func Render(err error, color bool) string {
	if err == nil {
		return ""
	}
	all := []error{err}
	if several := (*multierror.Error)(nil); errors.As(err, &several) {
		all = several.Errors
	}
	paint := painter(color)
	var b strings.Builder
	for _, err := range all {
		var m *Mistake
		if !errors.As(err, &m) {
			b.WriteString(proc.Visible(err.Error()) + "\n")
			continue
		}
		words := m.words()
		b.WriteString(paint(bold, proc.Visible(strings.TrimSuffix(m.Error(), words))) + proc.Visible(words) + "\n")
		if m.Line == 0 {
			continue
		}
		source, pad, carets := m.picture()
		gutter := fmt.Sprintf("%5d | ", m.Line)
		b.WriteString(gutter + source + "\n")
		b.WriteString(strings.Repeat(" ", len(gutter)-2) + "| " + strings.Repeat(" ", pad) +
			paint(red, strings.Repeat("^", carets)) + "\n")
	}
	return b.String()
}

const (
	bold = "\x1b[1m"
	red  = "\x1b[1;31m"
)

func painter(color bool) func(style, text string) string {
	return func(style, text string) string {
		if !color {
			return text
		}
		return style + text + "\x1b[0m"
	}
}

// What is shown of a line, in characters: so many before the mistake, where
// they do not all fit, and so many altogether.
const (
	shownBefore = 40
	shownMost   = 120
	tabStop     = 4
)

// picture is the source line as it is shown, how many columns stand before the
// carets, and how many carets there are. Tabs become spaces, so that the carets
// are right wherever the terminal has its stops; what is not printable becomes
// a sign of one column; long lines are cut on both sides.
func (m *Mistake) picture() (source string, pad, carets int) {
	first := 0 // in characters, from 0
	if longer(m.Source, shownMost) {
		first = max(0, m.Column-1-shownBefore)
	}
	var b strings.Builder
	columns := 0
	if first > 0 {
		b.WriteString("...")
		columns = len("...")
	}
	i := -1
	for _, c := range m.Source {
		if i++; i < first {
			continue
		}
		if i == first+shownMost {
			b.WriteString("...")
			break
		}
		if i == m.Column-1 {
			pad = columns
		}
		text, width := cell(c, columns)
		b.WriteString(text)
		columns += width
		if i >= m.Column-1 && i < m.Column-1+m.Length {
			carets = columns - pad
		}
	}
	if i < m.Column-1 { // behind the end of the line
		pad = columns
	}
	return strings.TrimRight(b.String(), " "), pad, max(1, carets)
}

// longer tells whether a text has more than n characters. It looks at no more of it than that takes: a
// line may have a megabyte, and a thousand mistakes.
func longer(text string, n int) bool {
	for range text {
		if n--; n < 0 {
			return true
		}
	}
	return false
}

// cell is one character as it is shown, and how many columns of a terminal it
// takes.
func cell(c rune, column int) (string, int) {
	switch {
	case c == '\t':
		width := tabStop - column%tabStop
		return strings.Repeat(" ", width), width
	case !unicode.IsPrint(c):
		return string(utf8.RuneError), 1
	case unicode.In(c, unicode.Mn, unicode.Me):
		return string(c), 0
	case unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), c >= 0xff01 && c <= 0xff60,
		c >= 0x1f300 && c <= 0x1faff:
		return string(c), 2
	}
	return string(c), 1
}
