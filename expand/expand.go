// Package expand fills variables into text: ${NAME}, ${NAME:-default} and their relatives, and sums such as
// $((PORT+REPLICA0)). It is pure: it reads no environment and no file. Its time is linear in the text and the result.
package expand

import "strings"

// Forms says which forms a text has besides the braces. Zero is the braces alone:
//
//	${NAME}           the variable; a fault if it is not set
//	${NAME:-default}  the default if it is not set or empty; ${NAME-default}: if it is not set
//	${NAME:?message}  a fault with that message if it is not set or empty; ${NAME?message}: if it is not set
//	${NAME:+other}    the other text if it is set and not empty; ${NAME+other}: if it is set
//	$${               a literal ${
//
// A default and the text behind a plus may have variables of their own. A message is taken as it is.
type Forms uint8

const (
	// Bare adds $NAME, and $$ for a dollar sign.
	Bare Forms = 1 << iota
	// Sums adds $((A+B-1)): integers, variables and braces, added and subtracted. Without Bare, $$(( is a literal $((.
	Sums
	// Strict makes a dollar sign that begins no form a fault. Otherwise it stands for itself.
	Strict

	// Value is for a string of the configuration file, Env for a value of its tables env.
	Value = Sums
	Env   = Bare | Sums | Strict
)

// maxDepth bounds how deep defaults are nested, because the parser calls itself.
const maxDepth = 50

// maxFaults bounds how many faults of one text are reported.
const maxFaults = 100

// Template is a text that was read. The zero value is an empty text.
type Template struct{ parts []part }

// part is a piece of literal text, a variable or a sum.
type part struct {
	kind       kind
	start, end int // in the text
	text       string
	words      []part // the default, or the text behind a plus, or the terms of a sum
}

type kind uint8

const (
	literal   kind = iota
	variable       // text is the name
	orDefault      // ${text:-words}
	orDefaultUnset
	required // ${text:?message}, words is one literal
	requiredUnset
	ifSet // ${text:+words}
	ifSetUnset
	sum   // words are its terms
	plus  // a term: its words are added
	minus // a term: its words are subtracted
)

// Parse reads a text. With faults the template has the parts before the first one that cannot be understood.
func Parse(text string, forms Forms) (Template, []Fault) {
	p := parser{text: text, forms: forms}
	return Template{p.until("", 0)}, p.faults
}

// Has reports whether a text has anything to fill in, or an escape to take away, or a fault. It is quick.
func Has(text string, forms Forms) bool {
	if forms&(Bare|Strict) != 0 {
		return strings.IndexByte(text, '$') >= 0
	}
	return strings.Contains(text, "${") || forms&Sums != 0 && strings.Contains(text, "$((")
}

// EscapeEnv is a text that stands for itself in a value of env (Env).
func EscapeEnv(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// Names calls yield with each name that the template mentions, also in defaults, in their order and as often as they
// appear.
func (t Template) Names(yield func(name string)) { names(t.parts, yield) }

func names(parts []part, yield func(string)) {
	for i := range parts {
		if k := parts[i].kind; k >= variable && k <= ifSetUnset {
			yield(parts[i].text)
		}
		names(parts[i].words, yield)
	}
}
