package dotenv

import (
	"strings"

	"sexton/expand"
)

// Compose reads a file by the rules of Docker Compose, but strictly: a line that Compose would read in a surprising way is
// a fault.
//
//	NAME=VALUE      also NAME: VALUE, and with export before it; white space around NAME and VALUE does not count
//	NAME            the variable of lookup, if it is set
//	NAME=x # text   a comment; a # without a space before it is part of the value
//	NAME='x'        as it stands, also over several lines; \' is a quote
//	NAME="x"        also over several lines, with the escapes \n \r \t \a \b \f \v \\ \" \$
//	NAME=$A${B:-x}  variables, also in double quotes: those of the lines above, else those of lookup; $$ is a dollar sign
func Compose(text string, lookup expand.Lookup) ([]Variable, []Fault) {
	r := newReader(strings.ReplaceAll(text, "\r\n", "\n"), lookup)
	for r.begin() {
		r.statement()
	}
	return r.done()
}

// begin skips to the next statement; it returns false if there is none.
func (r *reader) begin() bool {
	for r.text != "" {
		switch c := r.text[0]; {
		case c == '#':
			r.cutLine()
		case c == '\n':
			r.line++
			r.text = r.text[1:]
		case isBlank(c):
			r.text = r.text[1:]
		default:
			return true
		}
	}
	return false
}

// statement reads one variable.
func (r *reader) statement() {
	line := r.line
	if rest, ok := strings.CutPrefix(r.text, "export"); ok && rest != "" && isBlank(rest[0]) {
		if rest = strings.TrimLeft(rest, blanks); rest != "" && isName(rest[0]) {
			r.text = rest
		}
	}
	end := 0
	for end < len(r.text) && isName(r.text[end]) {
		end++
	}
	name := r.text[:end]
	r.text = strings.TrimLeft(r.text[end:], blanks)
	switch {
	case name == "" || name[0] >= '0' && name[0] <= '9' || name[0] == '-' || name[0] == '.':
		r.fault(line, "expected NAME=VALUE", "a name begins with a letter, a comment with #, and a value of several lines needs quotes")
		r.cutLine()
	case r.text == "" || r.text[0] == '\n':
		r.inherit(line, name)
		r.cutLine()
	case r.text[0] == '=' || r.text[0] == ':':
		r.text = r.text[1:]
		r.value(line, name)
	default:
		r.fault(line, "a name is not followed by =", "write NAME=VALUE; a name consists of letters, digits and _ . -")
		r.cutLine()
	}
}

// value reads what follows the = after a name.
func (r *reader) value(line int, name string) {
	before := len(r.text)
	r.text = strings.TrimLeft(r.text, blanks)
	if r.text != "" && (r.text[0] == '"' || r.text[0] == '\'') {
		r.quoted(line, name, r.text[0])
		return
	}
	if before > len(r.text) && strings.HasPrefix(r.text, "#") {
		r.fault(line, "it is not clear whether "+name+" has a value or a comment", `write NAME="# text", or NAME="" # text`)
		r.cutLine()
		return
	}
	value, _, _ := strings.Cut(r.cutLine(), " #")
	r.expanded(line, name, strings.TrimRight(value, blanks))
}

// quoted reads a value in quotes, up to the end of its line.
func (r *reader) quoted(line int, name string, quote byte) {
	var b strings.Builder
	text := r.text[1:]
	from := 0 // of what is not in b yet
	for i := 0; ; i++ {
		next := strings.IndexAny(text[i:], `\`+string(quote))
		if next < 0 {
			r.fault(line, "the quote after "+name+" is not closed", "close it, or, if the value has a quote of its own, put the other kind around it")
			r.text = ""
			return
		}
		if i += next; text[i] == quote {
			b.WriteString(text[from:i])
			r.line += strings.Count(text[:i], "\n")
			r.text = text[i+1:]
			break
		}
		if i+1 == len(text) {
			continue
		}
		if escaped, ok := unescape(text[i+1], quote); ok {
			b.WriteString(text[from:i] + escaped)
			from = i + 2
			i++
		} else if quote == '\'' && text[i+1] == '\\' {
			i++ // both stay
		}
	}
	after := r.line
	rest := strings.TrimLeft(r.cutLine(), blanks)
	switch {
	case rest != "" && rest[0] != '#':
		r.fault(after, "there is text after the closing quote of "+name, "remove it, or put quotes around all of the value; a quote in it is written \\"+string(quote))
	case quote == '"':
		r.expanded(line, name, b.String())
	default:
		r.add(Variable{name, b.String(), line})
	}
}

// unescape is what a backslash and c stand for. A dollar sign is doubled for expanded.
func unescape(c, quote byte) (string, bool) {
	if c == quote {
		return string(c), true
	}
	if quote != '"' {
		return "", false
	}
	if c == '$' {
		return "$$", true
	}
	if i := strings.IndexByte(`nrtabfv\`, c); i >= 0 {
		return "\n\r\t\a\b\f\v\\"[i : i+1], true
	}
	return "", false
}

// expanded adds a variable with the variables in its value filled in.
func (r *reader) expanded(line int, name, text string) {
	const forms = expand.Bare | expand.Strict
	if r.filled > mostFilled {
		r.full(line)
		return
	}
	if expand.Has(text, forms) {
		template, faults := expand.Parse(text, forms)
		filled := ""
		if len(faults) == 0 {
			filled, faults = template.Fill(r.variable, mostEntry)
		}
		for _, fault := range faults {
			r.fault(line, "in the value of "+name+", "+wordsOf(fault, text), "write $$ for a dollar sign, or put the value in single quotes")
		}
		if len(faults) > 0 {
			r.filled += mostEntry // a fault may have taken as long as a value
			return
		}
		text = filled
	}
	r.add(Variable{name, text, line})
}

// wordsOf says what is wrong without the text itself, which may be a password with a dollar sign. Only a name in braces
// was meant as one for certain.
func wordsOf(fault expand.Fault, text string) string {
	const bare = len("$")
	switch part := text[fault.Start:fault.End]; {
	case fault.Missing && len(part) == bare+len(fault.Name):
		return "the variable after a dollar sign is not set"
	case !fault.Missing && strings.Contains(fault.Text, part):
		return "what follows a dollar sign is not understood"
	}
	return fault.Text
}

// variable finds a variable: that of a line above, else that of lookup.
func (r *reader) variable(name string) (string, bool) {
	if i, known := r.known[name]; known {
		return r.out[i].Value, true
	}
	return r.lookup(name)
}

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

func isName(c byte) bool {
	return c == '_' || c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
