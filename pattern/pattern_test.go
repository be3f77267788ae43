package pattern

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{"", "x"}, nil},
		{`^\s`, []string{" x", "\tat x"}, []string{"", "x y"}},
		{`^(\s|Caused by:|\.\.\. \d+ more)`, []string{" x", "Caused by: y", "... 12 more"}, []string{"... x more", "because"}},
		{`a|b|cd`, []string{"xa", "b", "acd"}, []string{"c", "d", ""}},
		{`^a*b+c?$`, []string{"b", "aaabbc"}, []string{"a", "bcc", "xb"}},
		{`(ab)+$`, []string{"abab", "xab"}, []string{"aba", ""}},
		{`(a|b)*c`, []string{"c", "abbac"}, []string{"abba"}},
		{`[^0-9 _-]`, []string{"x"}, []string{"0 9-_", ""}},
		{`[]x]`, []string{"]", "x"}, []string{"["}},
		{`\S\D\W`, []string{"xx "}, []string{"x0 ", "xxx"}},
		{`é.$`, []string{"éx"}, []string{"e"}},
		{`^$`, []string{""}, []string{" "}},
		{`(^a|^b)x`, []string{"ax", "bx"}, []string{"cax"}},
		{`(a*)*b`, []string{"b", "aab"}, []string{strings.Repeat("a", 100)}},
	}
	for _, test := range tests {
		p, err := Compile(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		m := Matcher{Pattern: p}
		for _, line := range test.yes {
			if !m.Match([]byte(line)) {
				t.Errorf("%s does not match %q", test.pattern, line)
			}
		}
		for _, line := range test.no {
			if m.Match([]byte(line)) {
				t.Errorf("%s matches %q", test.pattern, line)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	for pattern, want := range map[string]string{
		"(":                        "a ( without a )",
		"a)":                       "a ) without a (",
		"[a":                       "a [ without a ]",
		"*a":                       `* has nothing before it; write \* for the character`,
		"^*":                       "* follows something that cannot be repeated",
		"é+":                       "+ follows something that cannot be repeated",
		"a**":                      "** is not supported",
		"a{2}":                     `{ } is not supported; repeat the item, or write \{ for the character`,
		`\b`:                       `\b is not supported`,
		`\`:                        `a \ at the end; write \\ for the character`,
		"[z-a]":                    "z-a is not a range",
		"[é]":                      "a class can hold only ASCII characters",
		strings.Repeat("(", 60):    "parentheses are nested deeper than 50",
		strings.Repeat("x", 1_001): "the pattern has 1001 bytes, more than 1000",
	} {
		if _, err := Compile(pattern); err == nil || err.Error() != want {
			t.Errorf("%.20s: got %v, want %s", pattern, err, want)
		}
	}
}

func TestMatchingAllocatesNothing(t *testing.T) {
	p, _ := Compile(`^(\s+at |Caused by: )`)
	m := Matcher{Pattern: p}
	line := []byte("        at java.lang.Thread.run(Thread.java:748)")
	m.Match(line)
	if n := testing.AllocsPerRun(100, func() { m.Match(line) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzMatch compares with package regexp, for patterns that both know.
func FuzzMatch(f *testing.F) {
	f.Add(`^(\s|Caused by:)`, []byte(" at x"))
	f.Add(`a|(b|c)*d?$`, []byte("bcd"))
	f.Add(`[^a-c]+x`, []byte("ddx"))
	f.Fuzz(func(t *testing.T, text string, line []byte) {
		ours, err := Compile(text)
		if err != nil {
			return
		}
		for _, b := range append([]byte(text), line...) {
			if b >= 0x80 || b == '\n' || b == '\v' {
				return // regexp looks at characters, and . is no newline there
			}
		}
		theirs, err := regexp.Compile(text)
		if err != nil {
			return
		}
		m := Matcher{Pattern: ours}
		if got, want := m.Match(line), theirs.Match(line); got != want {
			t.Errorf("%q %q: %v, regexp says %v", text, line, got, want)
		}
		if m.Match(line) != m.Match(bytes.Clone(line)) {
			t.Errorf("%q %q: not the same twice", text, line)
		}
	})
}
