package proc

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Visible returns text as one line that a terminal shows and does not obey. Control
// characters (ESC, newline, carriage return and C1 among them), format characters (the
// bidirectional controls such as U+202E, zero-width ones) and other characters that are
// neither graphic nor a tab become Go escapes: \x1b, \n, \u202e. So does each byte that is
// no UTF-8: \xff. Everything else stays, a backslash too: the result is for people, and
// cannot be turned back.
//
// Every word from a service, a process or another user that stands in a line of ours or in
// a client's answer goes through here: otherwise it could fake such a line, or hide one.
func Visible(text string) string {
	clean := plain(text)
	if clean == len(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(`\u202e`))
	for {
		b.WriteString(text[:clean])
		if text = text[clean:]; text == "" {
			return b.String()
		}
		_, size := utf8.DecodeRuneInString(text)
		quoted := strconv.QuoteToASCII(text[:size])
		b.WriteString(quoted[1 : len(quoted)-1])
		text = text[size:]
		clean = plain(text)
	}
}

// VisibleLines is Visible for each line of a text of ours that has several.
func VisibleLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		b.WriteString(Visible(body))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// plain is how many bytes at the front of text need no escape.
func plain(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= ' ' && c < 0x7f || c == '\t':
			i++
			continue
		case c < utf8.RuneSelf:
			return i
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 || !strconv.IsGraphic(r) {
			return i
		}
		i += size
	}
	return len(text)
}
