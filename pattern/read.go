package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reader turns text into steps. The next step in the program is the next one
// in the pattern, unless a jump or split says otherwise.
type reader struct {
	text    string
	at      int
	depth   int
	program []step
}

// maxDepth bounds how deep parentheses are nested.
const maxDepth = 50

// either reads x|y|z, to the end of the text or to a closing parenthesis.
func (r *reader) either() error {
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("parentheses are nested deeper than %d", maxDepth)
	}
	defer func() { r.depth-- }()
	first := len(r.program)
	var exits []int
	for {
		if err := r.sequence(); err != nil {
			return err
		}
		if r.at == len(r.text) || r.text[r.at] != '|' {
			break
		}
		r.at++
		r.insert(first, step{kind: split, a: first + 1, b: len(r.program) + 2})
		exits = append(exits, len(r.program))
		r.program = append(r.program, step{kind: jump})
		first = len(r.program)
	}
	for _, i := range exits {
		r.program[i].a = len(r.program)
	}
	return nil
}

// insert puts a step at i, and moves the steps from i on.
func (r *reader) insert(i int, s step) {
	for j := i; j < len(r.program); j++ {
		if m := &r.program[j]; m.kind == jump || m.kind == split {
			if m.a >= i {
				m.a++
			}
			if m.b >= i {
				m.b++
			}
		}
	}
	r.program = slices.Insert(r.program, i, s)
}

// sequence reads one thing after the other.
func (r *reader) sequence() error {
	for r.at < len(r.text) && r.text[r.at] != '|' && r.text[r.at] != ')' {
		first := len(r.program)
		simple, err := r.thing()
		if err != nil {
			return err
		}
		if err := r.repeated(first, simple); err != nil {
			return err
		}
	}
	return nil
}

// repeated reads the repetition that may follow a thing, whose steps begin at first.
// simple is false for a thing that cannot be repeated.
func (r *reader) repeated(first int, simple bool) error {
	if r.at == len(r.text) || strings.IndexByte("*+?{", r.text[r.at]) < 0 {
		return nil
	}
	sign := r.text[r.at]
	r.at++
	switch {
	case sign == '{':
		return errors.New("{ } is not supported; repeat the item, or write \\{ for the character")
	case !simple:
		return fmt.Errorf("%c follows something that cannot be repeated", sign)
	case r.at < len(r.text) && strings.IndexByte("*+?", r.text[r.at]) >= 0:
		return fmt.Errorf("%c%c is not supported", sign, r.text[r.at])
	}
	switch sign {
	case '+':
		n := len(r.program)
		r.program = append(r.program, step{kind: split, a: first, b: n + 1})
	case '*':
		r.insert(first, step{kind: split, a: first + 1, b: len(r.program) + 2})
		r.program = append(r.program, step{kind: jump, a: first})
	case '?':
		r.insert(first, step{kind: split, a: first + 1, b: len(r.program) + 1})
	}
	return nil
}

// thing reads a character, a class or a group.
func (r *reader) thing() (simple bool, err error) {
	c := r.text[r.at]
	r.at++
	switch c {
	case '^':
		r.program = append(r.program, step{kind: begin})
		return false, nil
	case '$':
		r.program = append(r.program, step{kind: end})
		return false, nil
	case '(':
		r.text = r.text[:r.at] + strings.TrimPrefix(r.text[r.at:], "?:")
		if err := r.either(); err != nil {
			return false, err
		}
		if r.at == len(r.text) {
			return false, errors.New("a ( without a )")
		}
		r.at++
		return true, nil
	case '[':
		s, err := r.class()
		r.program = append(r.program, step{kind: take, set: s})
		return true, err
	case '*', '+', '?':
		return false, fmt.Errorf("%c has nothing before it; write \\%c for the character", c, c)
	case '.':
		var s set
		s.not()
		r.program = append(r.program, step{kind: take, set: s})
		return true, nil
	case '\\':
		s, err := r.escape()
		r.program = append(r.program, step{kind: take, set: s})
		return true, err
	}
	var s set
	s.add(c)
	r.program = append(r.program, step{kind: take, set: s})
	return c < 0x80, nil
}

// escape reads what follows a backslash.
func (r *reader) escape() (s set, err error) {
	if r.at == len(r.text) {
		return s, errors.New("a \\ at the end; write \\\\ for the character")
	}
	c := r.text[r.at]
	r.at++
	span := func(from, to byte) {
		for b := int(from); b <= int(to); b++ {
			s.add(byte(b))
		}
	}
	switch c {
	case 's', 'S':
		for _, b := range []byte("\t\n\f\r ") {
			s.add(b)
		}
	case 'd', 'D':
		span('0', '9')
	case 'w', 'W':
		span('0', '9')
		span('a', 'z')
		span('A', 'Z')
		s.add('_')
	case 't':
		s.add('\t')
	default:
		if c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return s, fmt.Errorf("\\%s is not supported", r.text[r.at-1:min(len(r.text), r.at)])
		}
		s.add(c)
	}
	if c == 'S' || c == 'D' || c == 'W' {
		s.not()
	}
	return s, nil
}

// class reads what follows [.
func (r *reader) class() (s set, err error) {
	not := strings.HasPrefix(r.text[r.at:], "^")
	if not {
		r.at++
	}
	for first := true; ; first = false {
		if r.at == len(r.text) {
			return s, errors.New("a [ without a ]")
		}
		c := r.text[r.at]
		r.at++
		switch {
		case c == ']' && !first:
			if not {
				s.not()
			}
			return s, nil
		case c >= 0x80:
			return s, errors.New("a class can hold only ASCII characters")
		case c == '\\':
			one, err := r.escape()
			if err != nil {
				return s, err
			}
			s.join(one)
			continue
		}
		to := c
		if rest := r.text[r.at:]; len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
			to = rest[1]
			r.at += 2
			if to < c || to >= 0x80 || to == '\\' {
				return s, fmt.Errorf("%c-%s is not a range", c, strings.ToValidUTF8(string(rest[1:2]), "?"))
			}
		}
		for b := int(c); b <= int(to); b++ {
			s.add(byte(b))
		}
	}
}
