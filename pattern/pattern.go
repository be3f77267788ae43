// Package pattern matches a line with a small regular expression. Package
// regexp would cost 0.1 ms of every start, for maps that package unicode
// makes before main runs. This is the part of it that log lines need.
//
// A pattern is made of
//
//	abc         characters that stand for themselves
//	.           any character
//	\s \d \w    white space, a digit, a letter or digit or _; \S \D \W anything else
//	\t \. \\    a tab; any character except letters and digits stands for itself
//	[a-z_] [^"] one of these characters, or any other one; \s \d \w may stand inside
//	x* x+ x?    any number of x, at least one, at most one
//	(x|y)       either; | outside of parentheses divides the whole pattern
//	^ $         the line's beginning, its end
//
// It matches anywhere in the line unless ^ and $ say otherwise, in a time of at
// most the product of both lengths. It compares bytes, not
// characters: in a class, or before * + ?, a character outside of ASCII is a
// mistake.
package pattern

import (
	"errors"
	"fmt"
)

// Pattern is a compiled pattern. Several goroutines may use it, each with
// a Matcher of its own.
type Pattern struct {
	program []step
	begins  bool // every way through it begins with ^: only the line's beginning is tried
}

// step is one instruction: it takes a byte of its set, or goes on without taking one.
type step struct {
	kind kind
	set  set
	a, b int // the next steps: one for jumps, two for splits
}

type kind uint8

const (
	take  kind = iota // a byte of set, then the next step
	jump              // to a
	split             // to a and to b
	begin             // only at the line's beginning
	end               // only at its end
	match
)

// set is a set of bytes.
type set [4]uint64

func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *set) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func (s *set) join(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}
func (s *set) not() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// maxBytes bounds the text of a pattern.
const maxBytes = 1000

// Compile reads a pattern. The error says what is wrong with it.
func Compile(text string) (*Pattern, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("the pattern has %d bytes, more than %d", len(text), maxBytes)
	}
	r := &reader{text: text}
	if err := r.either(); err != nil {
		return nil, err
	}
	if r.at < len(text) {
		return nil, errors.New("a ) without a (")
	}
	r.program = append(r.program, step{kind: match})
	p := &Pattern{program: r.program}
	p.begins = p.onlyAtBegin(0, make([]bool, len(p.program)))
	return p, nil
}

// onlyAtBegin tells whether every way from step i meets ^ before it takes a byte.
func (p *Pattern) onlyAtBegin(i int, seen []bool) bool {
	if seen[i] {
		return true
	}
	seen[i] = true
	switch s := p.program[i]; s.kind {
	case begin:
		return true
	case jump:
		return p.onlyAtBegin(s.a, seen)
	case split:
		return p.onlyAtBegin(s.a, seen) && p.onlyAtBegin(s.b, seen)
	case end:
		return p.onlyAtBegin(i+1, seen)
	}
	return false
}

// Matcher is what one goroutine needs to match. It grows to the size of its
// pattern with the first use.
type Matcher struct {
	Pattern *Pattern

	now, next []int // the steps that are being tried
	mark      []int // at which byte a step was last put there, plus one
}

// Match tells whether the line, which is without its newline, matches.
func (m *Matcher) Match(line []byte) bool {
	p := m.Pattern
	if m.mark == nil {
		m.mark = make([]int, len(p.program))
	}
	clear(m.mark)
	m.now = m.now[:0]
	for at := 0; ; at++ {
		if at == 0 || !p.begins {
			if m.follow(&m.now, 0, at, len(line)) {
				return true
			}
		}
		if at == len(line) || len(m.now) == 0 && p.begins {
			return false
		}
		m.next = m.next[:0]
		for _, i := range m.now {
			if p.program[i].set.has(line[at]) && m.follow(&m.next, i+1, at+1, len(line)) {
				return true
			}
		}
		m.now, m.next = m.next, m.now
	}
}

// follow puts the steps that take a byte and can be reached from step i without
// one on the list. It tells whether the end of the pattern can be reached.
func (m *Matcher) follow(list *[]int, i, at, length int) bool {
	if m.mark[i] == at+1 {
		return false
	}
	m.mark[i] = at + 1
	switch s := &m.Pattern.program[i]; s.kind {
	case match:
		return true
	case jump:
		return m.follow(list, s.a, at, length)
	case split:
		return m.follow(list, s.a, at, length) || m.follow(list, s.b, at, length)
	case begin:
		return at == 0 && m.follow(list, i+1, at, length)
	case end:
		return at == length && m.follow(list, i+1, at, length)
	}
	*list = append(*list, i)
	return false
}
