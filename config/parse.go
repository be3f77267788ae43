// Package config turns TOML text into a service.Plan, or into every mistake of
// the text at once. It knows the syntax, the defaults and what must hold
// between services; it reads no file and no environment, and starts nothing.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"sexton/service"
)

// MaxBytes bounds the text that Parse takes. A file of this size names
// thousands of services; what is larger is some other file, given by accident.
const MaxBytes = 4 << 20

// maxDepth bounds how deep lists, tables and dotted keys are nested. The TOML
// reader calls itself for each level, and a stack that overflows ends PID 1.
const maxDepth = 100

// Options are what a command line adds to a file. The zero value adds nothing.
type Options struct {
	// Command is the COMMAND of `sexton -c FILE -- COMMAND`: it becomes one more
	// service, the last of the plan, and the main one. It is called "main", or
	// "command" where the file has a "main" of its own. It is never restarted,
	// its end ends the container, and it gets the terminal unless the file
	// gives that to another. What [init] says of main then loses its meaning,
	// and the service that it names has the defaults of any other. Empty: none.
	Command []string

	// Running tells that the services are about to be started. Faults that depend on the
	// place are mistakes then, and notes otherwise: the file may be checked while an
	// image is built.
	Running bool

	// Terminal tells that our stdin is a terminal. It counts where Running is set.
	Terminal bool

	// User and Group tell what is wrong with a user or group that the file
	// names, nil for nothing: config itself reads no passwd file. A fault becomes a note. A nil
	// function checks nothing.
	User, Group func(name string) error

	// Identity tells why sexton cannot start a service as the user that it names, and which
	// key is at fault ("user", "group" or "groups"); "" for no fault. A fault is a mistake. The text may have a mend
	// after "; ". A nil function checks nothing.
	Identity func(s *service.Spec) (key, fault string)

	// Zone tells what is wrong with the name of a time zone, "" for the container's: nil for
	// nothing. A nil function checks nothing.
	Zone func(name string) error

	// Program tells what is wrong with the program of a command, which it looks up as a
	// start does: nil for nothing. It is for a check in the image; a nil
	// function checks nothing.
	Program func(name string, s *service.Spec) error

	// Replicas are numbers that win over those of the key replicas, by the names of the services.
	Replicas map[string]int

	// Limits gives the whole CPUs and the bytes of memory that the container may use, for SEXTON_CPUS and
	// SEXTON_MEMORY. With a nil function there are no such variables.
	Limits func() (cpus int, memory int64)

	// Template is the text of a template of the key render. It is for a check in the image, which remarks on what is
	// missing; a nil function checks nothing.
	Template func(path string) (string, error)

	// Include returns the files that a file includes by a pattern, in their order. With an error,
	// the files that could be read. A nil function reads none.
	Include func(file, pattern string) ([]Source, error)
}

// Parse reads TOML text into a plan with all defaults filled in.
//
// name is the file's name, only for messages. environ has KEY=VALUE strings
// as os.Environ returns them: services inherit it, ${NAME} takes values from
// it, and its SEXTON_GRACE overrides grace in the file, unless it is
// empty. An entry without "=" or without a name is skipped; of two with the same
// name the first counts, as in getenv(3).
//
// In every string, ${NAME} and its relatives (package expand) stand for a variable: of the service's own
// environment where it has one, otherwise of environ. What is unset and has no default is a mistake if
// the services are about to be started, and otherwise a note.
//
// The notes are remarks that are not mistakes, one line each, ordered by their
// place in the file; they may come with or without an error.
//
// The error, if any, holds every mistake in the text, each a *Mistake, ordered
// by line, and the plan is then empty; Render prints it. Nothing that Parse
// returns shares memory with its arguments.
func Parse(name string, text []byte, environ []string, options Options) (service.Plan, []string, error) {
	reading, err := Read([]Source{{name, text}}, environ, options)
	return reading.Plan, reading.Notes, err
}

// reader is one call of Read.
type reader struct {
	file        *file            // the one that is being read; later, the first
	known       map[string]*file // the same, by name
	files       []*file          // all, in the order in which they count
	total       int              // bytes of the included files
	gone        []*value         // values that are false, and so took back what they replace
	repeated    map[string]bool  // mistakes in [defaults], which several services would report
	reported    []string         // the same, in their order
	tooMuch     bool             // there are more than a configuration may have
	environment environment
	options     Options
	mistakes    []*Mistake
	dropped     int // mistakes beyond maxMistakes
	notes       []*Mistake
	rows        []row[*service.Spec] // serviceRows, made once for all services

	replicated map[string]bool // services with replicas, which would report a mistake each

	unset   []string // variables that the file needs and that are not set; only in a check
	bytes   int      // of all values with variables together
	tooLong bool     // these are more than mostFilled, which is reported
}

// syntax reads the text as TOML. It returns nil after a mistake, because the
// meaning of the text is unknown then.
func (r *reader) syntax(text []byte) *value {
	if len(text) > MaxBytes {
		r.add(&Mistake{File: r.file.name,
			Text: fmt.Sprintf("the file is larger than the %d bytes that a configuration may have", MaxBytes),
			Mend: "is it the right file?"})
		return nil
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		r.add(&Mistake{File: r.file.name, Text: "the file is UTF-16", Mend: "save it as UTF-8"})
		return nil
	}
	if bytes.IndexByte(text, 0) >= 0 {
		r.add(&Mistake{File: r.file.name, Text: "the file has NUL bytes, so it is not UTF-8 text", Mend: "is it the right file?"})
		return nil
	}
	r.file.fill(string(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if at := invalidUTF8(r.file.text); at >= 0 {
		r.report(nil, span{at, at + 1}, span{}, fmt.Sprintf("the byte 0x%02x is not UTF-8", r.file.text[at]), "save the file as UTF-8")
		return nil
	}
	if at := tooDeep(r.file.text); at >= 0 {
		r.report(nil, span{at, at + 1}, span{}, fmt.Sprintf("lists, tables or dotted keys are nested more than %d deep", maxDepth),
			"is a bracket or a quote missing before this?")
		return nil
	}
	data, err := decode(r.file.text, toml.Decode)
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	return r.file.tree(data, scan(r.file.text))
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(text string) int {
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// decode calls the TOML reader. The reader panics in states that it considers
// impossible; a broken file must not end PID 1 on a reload, so panics become errors.
func decode(text string, read func(string, any) (toml.MetaData, error)) (data map[string]any, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("internal error: the TOML reader broke: %v", broken)
		}
	}()
	_, err = read(text, &data)
	return data, err
}

// syntaxError turns an error of the TOML reader into a mistake. It uses only the
// offset of its position: the line is 0 for some mistakes at the end of the text.
func (r *reader) syntaxError(err error) {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		r.add(&Mistake{File: r.file.name, Text: err.Error(), Mend: "please report this, with the file"})
		return
	}
	at := r.file.trim(span{parse.Position.Start, parse.Position.Start + parse.Position.Len})
	text := strings.TrimSuffix(parse.Message, ".")
	text = strings.ReplaceAll(text, `'\x00'`, "the end of the file")
	text = strings.ReplaceAll(text, "'\\\x00'", "at the end of the file")
	if !strings.HasPrefix(text, "TOML") && text != "" {
		text = strings.ToLower(text[:1]) + text[1:]
	}
	if what, mend := foreign(r.file.text, at.start); mend != "" {
		if what == "" {
			what = text
		}
		r.report(nil, at, span{}, what, mend)
		return
	}
	r.report(nil, at, span{}, text, r.syntaxMend(text, at.start))
	parts := strings.Split(parse.LastKey, ".")
	if last := r.mistakes[len(r.mistakes)-1]; parts[0] == "service" && len(parts) > 1 && nameFault(parts[1]) == "" {
		last.Service = parts[1]
	}
}

// syntaxMend says how to fix the most frequent mistakes; at is the place of the
// mistake. The TOML reader's own advice is a page for each.
func (r *reader) syntaxMend(text string, at int) string {
	if strings.Contains(text, "already been") {
		first := ""
		if line := r.file.firstOf(text, at); line > 0 {
			first = fmt.Sprintf("the first is on line %d; ", line)
		}
		return first + "each key and each table may appear only once: merge the two, or rename one"
	}
	for _, known := range []struct{ part, mend string }{
		{"leading zeroes", `is it a mode or an ID? Put it in quotes, as in umask = "027"`},
		{"strings cannot contain newlines", `end the string with a quote, or use """ for several lines`},
		{"escape", `write \\ for a backslash, or put the string in single quotes`},
		{"expected value but found", "put text in quotes; true, false and numbers have none"},
		{"key separator", `write KEY = VALUE, or [TABLE]`},
		{"but got '+'", `put a name with a plus sign in quotes: "RTMIN+3"`},
		{"expected '.' or '='", `write KEY = VALUE, or [TABLE]`},
		{"to end table name", `a header is [init] or [service.NAME]; put names with other characters than letters, digits, - and _ in quotes`},
		{"'0x0d'", `end lines with LF, or with CR and LF`},
		{"control characters", `remove it, or write it as \u and four digits in a string in double quotes`},
		{"unexpected EOF", `something is not closed: is a quote or a bracket missing?`},
		{"expected a comma", "put a comma between two items, and ] or } after the last one"},
	} {
		if strings.Contains(text, known.part) {
			return known.mend
		}
	}
	return ""
}
