// Package dotenv reads environment files: lines of NAME=VALUE, by the rules of Docker Compose or by those of docker run.
// It is pure: it opens no file and reads no environment. Its time is linear in the text and the result. Its faults never
// repeat what the file says, except for names of variables: a line of a file with passwords may be anything.
package dotenv

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sexton/expand"
)

// Variable is one variable of a file.
type Variable struct {
	Name, Value string
	Line        int // from 1
}

// Fault is one thing that is wrong with a file.
type Fault struct {
	Line int    // from 1
	Text string // what is wrong
	Mend string // how to fix it; may be empty
}

// Error is the fault in one line.
func (f Fault) Error() string {
	text := fmt.Sprintf("line %d: %s", f.Line, f.Text)
	if f.Mend != "" {
		text += "; " + f.Mend
	}
	return text
}

const (
	// MaxBytes bounds the text of a file.
	MaxBytes = 1 << 20

	// mostEntry bounds NAME=VALUE: the kernel takes no longer one (MAX_ARG_STRLEN of execve(2), a NUL byte included).
	mostEntry = 128<<10 - 1

	// mostFilled bounds the values of one file together: a line can double a value.
	mostFilled = 8 << 20

	// maxFaults bounds how many faults of one file are reported.
	maxFaults = 20
)

const byteOrderMark = "\ufeff"

// reader is what both formats have in common.
type reader struct {
	text   string // what was not read yet
	line   int    // of the beginning of text
	lookup expand.Lookup
	out    []Variable
	known  map[string]int // the place in out of each name
	filled int            // bytes of all values
	faults []Fault
}

func newReader(text string, lookup expand.Lookup) *reader {
	return &reader{text: strings.TrimPrefix(text, byteOrderMark), line: 1, lookup: lookup, known: make(map[string]int)}
}

// done is the result: of several variables with one name the last one, at the place of the first.
func (r *reader) done() ([]Variable, []Fault) { return r.out, r.faults }

func (r *reader) fault(line int, text, mend string) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, Fault{line, text, mend})
	}
}

// inherit adds a variable that has a name and no value: it is the caller's, if that has it.
func (r *reader) inherit(line int, name string) {
	if value, set := r.lookup(name); set {
		r.add(Variable{name, value, line})
	}
}

func (r *reader) add(v Variable) {
	switch {
	case strings.IndexByte(v.Value, 0) >= 0:
		r.fault(v.Line, "the value of "+v.Name+" contains a NUL byte", "remove it")
	case len(v.Name)+len("=")+len(v.Value) > mostEntry:
		r.tooLong(v.Line, v.Name)
	case r.filled+len(v.Value) > mostFilled:
		r.full(v.Line)
	default:
		r.filled += len(v.Value)
		if i, known := r.known[v.Name]; known {
			r.out[i] = v
			return
		}
		r.known[v.Name] = len(r.out)
		r.out = append(r.out, v)
	}
}

// full ends the reading of a file.
func (r *reader) full(line int) {
	r.fault(line, "the values of this file are too long together", "does it double a value?")
	r.text = ""
}

func (r *reader) tooLong(line int, name string) {
	r.fault(line, fmt.Sprintf("the value of %s is too long: the kernel takes no variable of more than %d bytes", name, mostEntry), "pass it in a file")
}

// cutLine takes the rest of the line, without its end, from the text.
func (r *reader) cutLine() string {
	line, rest, found := strings.Cut(r.text, "\n")
	if r.text = rest; found {
		r.line++
	}
	return strings.TrimSuffix(line, "\r")
}

// Raw reads a file by the rules of docker run --env-file: a value is the rest of its line as it stands, quotes and blanks
// included. A name without = is that of a variable of lookup.
func Raw(text string, lookup expand.Lookup) ([]Variable, []Fault) {
	r := newReader(text, lookup)
	for r.text != "" {
		number := r.line
		line := strings.TrimLeft(r.cutLine(), blanks)
		name, value, assigned := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case !utf8.ValidString(line):
			r.fault(number, "the line is not UTF-8", "save the file as UTF-8")
		case name == "":
			r.fault(number, "there is no name before the =", "write NAME=VALUE")
		case strings.ContainsAny(name, blanks):
			r.fault(number, "the name of a variable contains white space", "write NAME=VALUE, without blanks before the =")
		case strings.IndexByte(name, 0) >= 0:
			r.fault(number, "the line contains a NUL byte", "save the file as UTF-8")
		case assigned:
			r.add(Variable{name, value, number})
		default:
			r.inherit(number, name)
		}
	}
	return r.done()
}

// blanks is white space within a line.
const blanks = " \t\v\f\r"
