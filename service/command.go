package service

import (
	"strings"
	"unicode/utf8"

	"sexton/proc"
)

// commandMost is how many bytes of a command our lines show.
const commandMost = 100

// CommandText is CommandLine for one of our lines: printable, and cut if it is long.
func CommandText(argv []string) string { return Printable(CommandLine(argv), commandMost) }

// CommandLine returns a command as people write it: the text of a string for /bin/sh -c,
// otherwise the words, with quotes where a shell needs them.
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

// Printable returns text as proc.Visible shows it, cut after at most so many bytes.
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
