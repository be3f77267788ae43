package proc

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Visible returns text as one line that cannot control a terminal. Control
// characters (ESC, newline, carriage return and C1 among them), format characters (the
// bidirectional controls such as U+202E, zero-width ones) and other characters that are
// neither graphic nor a tab become Go escapes: \x1b, \n, \u202e. So does each byte that is
// not UTF-8: \xff. Everything else stays, including backslashes: the result is for people, and
// cannot be converted back.
//
// Text from a service, a process or another user must pass through here before it goes into
// our own lines or a client's answer. Otherwise it could fake such a line, or hide one.
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

// VisibleLines applies Visible to each line of a text of our own.
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

// plain returns how many bytes at the beginning of text need no escape.
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
