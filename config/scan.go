package config

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// node is the place of one key and its value in the text. The TOML reader returns
// values without places: its public interface tells at most where a key's value
// is, and for a list that is one place for all of its items. So this file reads
// the text a second time, only for the places. The text is known to be
// valid by then, which keeps this small.
type node struct {
	key   span // the last part of the key; an item of a list: the item
	at    span // the value; a table with a header: the dotted name in its brackets
	names []string
	kids  map[string]*node
	items []*node
}

// kid is the node under a name; it is created if necessary.
func (n *node) kid(name string, key span) *node {
	if k := n.kids[name]; k != nil {
		return k
	}
	if n.kids == nil {
		n.kids = make(map[string]*node)
	}
	k := &node{key: key, at: key}
	n.kids[name] = k
	n.names = append(n.names, name)
	return k
}

// under is the place at the end of a dotted key. On the way, a list of tables is
// its last table.
func (n *node) under(parts []string, keys []span) *node {
	for i, part := range parts {
		if len(n.items) > 0 {
			n = n.items[len(n.items)-1]
		}
		n = n.kid(part, keys[i])
	}
	return n
}

// scanner reads text that the TOML reader has accepted. With any other text its
// result is meaningless, but it ends and stays within the text.
type scanner struct {
	text string
	pos  int
}

// scan finds the places of all keys and values of valid TOML.
func scan(text string) *node {
	s := &scanner{text: text}
	root := &node{}
	table := root
	for {
		s.skip(" \t\r\n")
		switch s.peek() {
		case 0:
			return root
		case '[':
			table = s.header(root)
		default:
			s.pair(table)
		}
	}
}

// peek is the next byte; 0 at the end, and valid TOML has no other NUL.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// skip passes over bytes of a set, and over comments.
func (s *scanner) skip(set string) {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '#':
			s.until("\n")
		case strings.IndexByte(set, c) >= 0:
			s.pos++
		default:
			return
		}
	}
}

// until goes to the next byte of a set.
func (s *scanner) until(set string) {
	if i := strings.IndexAny(s.text[s.pos:], set); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.text)
	}
}

// header reads [a.b] or [[a.b]] and gives the table that the next pairs go to.
func (s *scanner) header(root *node) *node {
	s.pos++
	list := s.peek() == '['
	if list {
		s.pos++
	}
	parts, keys := s.key()
	whole := span{keys[0].start, keys[len(keys)-1].end}
	at := root.under(parts, keys)
	if list {
		item := &node{key: keys[len(keys)-1], at: whole}
		if len(at.items) == 0 {
			at.key, at.at = item.key, whole
		}
		at.items = append(at.items, item)
		at = item
	} else {
		at.key, at.at = keys[len(keys)-1], whole
	}
	s.until("]\n")
	s.skip("]")
	return at
}

// pair reads KEY = VALUE into a table.
func (s *scanner) pair(table *node) {
	parts, keys := s.key()
	table = table.under(parts, keys)
	table.key = keys[len(keys)-1]
	s.skip(" \t")
	if s.peek() == '=' {
		s.pos++
	}
	s.skip(" \t")
	s.value(table)
}

// key reads a key's parts; there is at least one.
func (s *scanner) key() (parts []string, keys []span) {
	for {
		s.skip(" \t")
		start := s.pos
		name := ""
		switch s.peek() {
		case '"':
			s.quoted()
			name = unquote(s.text[start:s.pos])
		case '\'':
			s.quoted()
			name = strings.Trim(s.text[start:s.pos], "'")
		default:
			s.until(" \t\r\n.=]},#")
			name = s.text[start:s.pos]
		}
		if s.pos == start && s.pos < len(s.text) && s.peek() != '.' {
			s.pos++ // not in valid TOML; go on, so that the loop ends
		}
		parts, keys = append(parts, name), append(keys, span{start, s.pos})
		s.skip(" \t")
		if s.peek() != '.' {
			return parts, keys
		}
		s.pos++
	}
}

// unquote reads a key in double quotes. If it has escapes, the TOML reader does it,
// because it knows all of them.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return strings.Trim(quoted, `"`)
	}
	var read struct{ K string }
	_, _ = toml.Decode("K = "+quoted, &read) // valid: the key of a text that was read
	return read.K
}

// value reads a value and, in lists and inline tables, what is inside.
func (s *scanner) value(n *node) {
	start := s.pos
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != ']' && s.peek() != 0; s.skip(" \t\r\n,") {
			item := &node{}
			s.value(item)
			item.key = item.at
			n.items = append(n.items, item)
		}
		s.close()
	case '{':
		s.pos++
		for s.skip(" \t\r\n,"); s.peek() != '}' && s.peek() != 0; s.skip(" \t\r\n,") {
			s.pair(n)
		}
		s.close()
	default: // a number, a boolean, or a date, which may hold a space
		s.until("\r\n,]}#")
		s.pos = start + len(strings.TrimRight(s.text[start:s.pos], " \t"))
		if s.pos == start && s.pos < len(s.text) {
			s.pos++ // not in valid TOML
		}
	}
	n.at = span{start, s.pos}
}

func (s *scanner) close() {
	if s.pos < len(s.text) {
		s.pos++
	}
}

// quoted skips a string of any of the four kinds. A string that is not closed
// ends with its line, or with the text.
func (s *scanner) quoted() {
	quote := s.text[s.pos : s.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], triple) {
		s.pos += 3
		s.untilQuote(triple)
		for range 2 { // """" and """"" end with one and two quotes of their own
			if strings.HasPrefix(s.text[s.pos:], quote) {
				s.pos++
			}
		}
		return
	}
	s.pos++
	s.untilQuote(quote)
}

// untilQuote goes past the end of an open string.
func (s *scanner) untilQuote(end string) {
	for s.pos < len(s.text) {
		switch {
		case s.text[s.pos] == '\\' && end[0] == '"':
			s.pos = min(s.pos+2, len(s.text))
		case strings.HasPrefix(s.text[s.pos:], end):
			s.pos += len(end)
			return
		case s.text[s.pos] == '\n' && len(end) == 1:
			return
		default:
			s.pos++
		}
	}
}

// tooDeep is the offset at which a text, valid or not, nests deeper than maxDepth,
// or -1.
func tooDeep(text string) int {
	s := &scanner{text: text}
	depth, dots := 0, 0
	for s.pos < len(text) {
		switch text[s.pos] {
		case '#':
			s.until("\n")
			continue
		case '"', '\'':
			s.quoted()
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '\n', '=', ',':
			dots = 0
		}
		if depth+dots > maxDepth {
			return s.pos
		}
		s.pos++
	}
	return -1
}
