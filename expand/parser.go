package expand

import (
	"fmt"
	"strings"
)

// parser reads one text in one pass.
type parser struct {
	text   string
	forms  Forms
	pos    int
	lost   bool // after a fault, the rest of the text cannot be understood
	faults []Fault
}

// until reads parts up to the end of the text or, inside braces, to the closing brace, or in a sum to the end of the
// term. It does not take what it stops at.
func (p *parser) until(stops string, depth int) (parts []part) {
	from := p.pos // of the literal text that was passed and is not in parts yet
	flush := func(to int) {
		if to > from {
			parts = append(parts, part{kind: literal, start: from, end: to, text: p.text[from:to]})
		}
	}
	for p.pos < len(p.text) {
		if strings.IndexByte(stops, p.text[p.pos]) >= 0 {
			break
		}
		if stops == "" {
			if p.pos = p.next(); p.pos == len(p.text) {
				break
			}
		}
		if p.text[p.pos] != '$' {
			p.pos++
			continue
		}
		start := p.pos
		if n := p.escape(); n > 0 { // the dollar sign before it goes
			flush(start)
			from = start + 1
			p.pos += n
			continue
		}
		found, ok := p.dollar(depth)
		if !ok {
			continue
		}
		flush(start)
		parts = append(parts, found)
		from = p.pos
	}
	if !p.lost {
		flush(p.pos)
	}
	return parts
}

// next is the next dollar sign, or the end of the text.
func (p *parser) next() int {
	if i := strings.IndexByte(p.text[p.pos:], '$'); i >= 0 {
		return p.pos + i
	}
	return len(p.text)
}

// escape is the length of an escaped dollar sign at the position; 0 if there is none.
func (p *parser) escape() int {
	rest := p.text[p.pos:]
	switch {
	case p.forms&Bare != 0 && strings.HasPrefix(rest, "$$"):
		return 2
	case p.forms&Bare != 0:
		return 0
	case strings.HasPrefix(rest, "$${"):
		return 3
	case p.forms&Sums != 0 && strings.HasPrefix(rest, "$$(("):
		return 4
	}
	return 0
}

// dollar reads what begins with a dollar sign. If that is no form, it passes the sign and returns false.
func (p *parser) dollar(depth int) (part, bool) {
	start := p.pos
	p.pos++
	rest := p.text[p.pos:]
	switch {
	case depth > maxDepth:
		p.lose(start, start+1, fmt.Sprintf("variables are nested more than %d deep", maxDepth), "write them one after the other")
		return part{}, false
	case strings.HasPrefix(rest, "{"):
		p.pos++
		return p.braces(start, depth)
	case p.forms&Sums != 0 && strings.HasPrefix(rest, "(("):
		p.pos += len("((")
		return p.sum(start, depth)
	case p.forms&Bare != 0:
		if name := p.name(); name != "" {
			return part{kind: variable, start: start, end: p.pos, text: name}, true
		}
	}
	if p.forms&Strict != 0 {
		p.fault(start, start+1, "no variable follows this dollar sign", p.literalDollar())
	}
	return part{}, false
}

// literalDollar says how a dollar sign is written that is none of ours.
func (p *parser) literalDollar() string {
	if p.forms&Bare != 0 {
		return "write $$ for a dollar sign"
	}
	return "write $${ for a literal ${"
}

// name reads a variable's name; "" if there is none.
func (p *parser) name() string {
	end := p.pos
	for end < len(p.text) && isName(p.text[end]) {
		end++
	}
	if end == p.pos || isDigit(p.text[p.pos]) {
		return ""
	}
	name := p.text[p.pos:end]
	p.pos = end
	return name
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isName(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// IsName reports whether a text is the name of a variable.
func IsName(name string) bool {
	p := parser{text: name}
	return name != "" && p.name() == name
}

// operators are what may follow a name in braces, the longer ones first.
var operators = [...]struct {
	text string
	kind kind
}{
	{":-", orDefault}, {":?", required}, {":+", ifSet},
	{"-", orDefaultUnset}, {"?", requiredUnset}, {"+", ifSetUnset},
}

// braces reads what follows "${". After a fault it skips the rest of the text.
func (p *parser) braces(start, depth int) (part, bool) {
	name := p.name()
	rest := p.text[p.pos:]
	if name != "" && strings.HasPrefix(rest, "}") {
		p.pos++
		return part{kind: variable, start: start, end: p.pos, text: name}, true
	}
	for _, o := range operators {
		if name == "" || !strings.HasPrefix(rest, o.text) {
			continue
		}
		p.pos += len(o.text)
		from := p.pos
		words := p.until("}", depth+1)
		if p.pos == len(p.text) {
			p.unclosed(start)
			return part{}, false
		}
		if o.kind == required || o.kind == requiredUnset {
			words = []part{{kind: literal, start: from, end: p.pos, text: p.text[from:p.pos]}}
		}
		p.pos++
		return part{kind: o.kind, start: start, end: p.pos, text: name, words: words}, true
	}
	end := strings.IndexByte(rest, '}')
	if end < 0 {
		p.unclosed(start)
		return part{}, false
	}
	end += p.pos + 1
	p.lose(start, end, fmt.Sprintf("%s is not understood", p.text[start:end]), "write ${NAME} or ${NAME:-default}, or "+strings.TrimPrefix(p.literalDollar(), "write "))
	return part{}, false
}

// unclosed reports braces that are not closed, only the innermost ones.
func (p *parser) unclosed(start int) {
	if !p.lost {
		p.lose(start, len(p.text), "a ${ without its }", "close it, or "+p.literalDollar())
	}
}

// sum reads what follows "$((".
func (p *parser) sum(start, depth int) (part, bool) {
	found := part{kind: sum, start: start}
	for sign := plus; ; {
		term, ok := p.term(depth)
		if !ok {
			break
		}
		found.words = append(found.words, part{kind: sign, start: term.start, end: term.end, words: []part{term}})
		p.blanks()
		switch rest := p.text[p.pos:]; {
		case strings.HasPrefix(rest, "))"):
			p.pos += len("))")
			found.end = p.pos
			return found, true
		case strings.HasPrefix(rest, "+"):
			sign = plus
		case strings.HasPrefix(rest, "-"):
			sign = minus
		default:
			ok = false
		}
		if !ok {
			break
		}
		p.pos++
	}
	if !p.lost {
		end := len(p.text)
		if i := strings.Index(p.text[start:], "))"); i >= 0 {
			end = start + i + len("))")
		}
		p.lose(start, end, "a sum that is not understood",
			"write $((A+B)) or $((A-B)), with integers and names of variables, or "+
				strings.TrimPrefix(strings.ReplaceAll(p.literalDollar(), "${", "$(("), "write "))
	}
	return part{}, false
}

// term reads an integer, a name, or a variable with a dollar sign.
func (p *parser) term(depth int) (part, bool) {
	p.blanks()
	start := p.pos
	if p.pos == len(p.text) {
		return part{}, false
	}
	if p.text[p.pos] == '$' {
		if strings.HasPrefix(p.text[p.pos:], "$((") || p.escape() > 0 {
			return part{}, false
		}
		return p.dollar(depth + 1)
	}
	for p.pos < len(p.text) && isDigit(p.text[p.pos]) {
		p.pos++
	}
	if p.pos > start {
		return part{kind: literal, start: start, end: p.pos, text: p.text[start:p.pos]}, true
	}
	name := p.name()
	return part{kind: variable, start: start, end: p.pos, text: name}, name != ""
}

func (p *parser) blanks() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
}

// lose reports a fault after which the rest of the text cannot be understood.
func (p *parser) lose(start, end int, text, mend string) {
	p.pos, p.lost = len(p.text), true
	p.fault(start, end, text, mend)
}

func (p *parser) fault(start, end int, text, mend string) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, Fault{Start: start, End: end, Text: text, Mend: mend})
	}
}
