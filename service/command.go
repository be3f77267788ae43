package service

import (
	"strings"
	"unicode/utf8"

	"sexton/proc"
)

// commandMost is how many bytes of a command stand in one of our lines.
const commandMost = 100

// CommandText is CommandLine for one of our lines: printable, and cut where it is long.
func CommandText(argv []string) string { return Printable(CommandLine(argv), commandMost) }

// CommandLine is a command as people wrote it: the text of a string that /bin/sh -c got,
// otherwise the words, those in quotes that a shell would not take as one.
func CommandLine(argv []string) string {
	if len(argv) == 3 && argv[0] == "/bin/sh" && argv[1] == "-c" {
		return argv[2]
	}
	words := make([]string, len(argv))
	for i, word := range argv {
		if words[i] = word; word == "" || strings.ContainsAny(word, " \t\n\"'\\$;&|<>()*?[]{}`~#!") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// Printable is text as proc.Visible shows it. Of what is longer than most bytes the rest is
// left out.
func Printable(text string, most int) string {
	var b strings.Builder
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		piece := proc.Visible(text[:size])
		if b.Len()+len(piece) > most {
			return b.String() + " ..."
		}
		b.WriteString(piece)
		text = text[size:]
	}
	return b.String()
}
