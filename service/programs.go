package service

import (
	"path"
	"strings"

	"sexton/proc"
)

// Program is what a server wants that many services run: remarks and hints come from it, and nothing else. Each fact was seen
// with Debian's package, or is in the documentation named in Source.
type Program struct {
	Name string // of the file, without a version at its end: php-fpm for php-fpm8.2

	Stop   proc.Signal // its graceful stop
	AtTERM string      // what it does at TERM instead; "": it ends well at TERM too
	Unless string      // an option with which it does not do that; ""
	Reload proc.Signal // reads its configuration again; 0: none does
	Alone  string      // what is lost if the whole process group gets Reload or Stop; "": nothing is

	// Foreground are the options with which it stays in the foreground, the usual one first; the words of one are separated by
	// spaces. None: it stays there by itself.
	Foreground []string
	Setting    string // what in its configuration does the same; ""

	Source string
}

// ProgramOf returns what is known of a program, by the name of its file.
func ProgramOf(file string) (Program, bool) {
	name := path.Base(file)
	short := strings.TrimRight(name, "0123456789.")
	for _, p := range Programs() {
		if p.Name == name || p.Name == short {
			return p, true
		}
	}
	return Program{}, false
}

// ToForeground is what to write so that the program stays in the foreground, in words; "" if nothing is needed.
func (p Program) ToForeground() string {
	switch {
	case len(p.Foreground) > 0:
		return p.Foreground[0]
	case p.Setting != "":
		return p.Setting
	}
	return ""
}

// StaysInForeground tells whether a command line has one of the options for it.
func (p Program) StaysInForeground(words []string) bool {
	line := spaced(strings.Join(words, " "))
	for _, option := range p.Foreground {
		if strings.Contains(line, spaced(option)) || p.Setting != "" && strings.Contains(line, spaced(p.Setting)) {
			return true
		}
	}
	return len(p.Foreground) == 0
}

// spaced is a text with one blank around each word, and without quotes.
func spaced(text string) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\n\"'", c) })
	return " " + strings.Join(words, " ") + " "
}
