package service

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCommandText(t *testing.T) {
	for _, test := range []struct {
		argv []string
		want string
	}{
		{[]string{"pg_isready", "-q", "-d", "a b"}, "pg_isready -q -d 'a b'"},
		{[]string{"test", "", "-e", "$X"}, "test '' -e '$X'"},
		{[]string{"/bin/sh", "-c", "curl -f http://localhost/ | grep ok"}, "curl -f http://localhost/ | grep ok"},
		{[]string{"/bin/sh", "-c", "one\n\ttwo\x1b[2J\u202e"}, `one\n	two\x1b[2J\u202e`},
		{[]string{"echo", "it's"}, `echo 'it'\''s'`},
		{[]string{"/bin/sh", "-c", "a", "b"}, "/bin/sh -c a b"},
		{[]string{"sh", "-c", "a b"}, "sh -c 'a b'"},
		{[]string{strings.Repeat("x", 101)}, strings.Repeat("x", 100) + " ..."},
		{[]string{strings.Repeat("x", 98) + "é"}, strings.Repeat("x", 98) + "é"},
		{[]string{strings.Repeat("x", 99) + "é"}, strings.Repeat("x", 99) + " ..."},
	} {
		if got := CommandText(test.argv); got != test.want {
			t.Errorf("%q: %q, want %q", test.argv, got, test.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x00\xff\u202eé\n", 9)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = min(max(most, 0), 1000)
		got := Printable(text, most)
		if len(got) > most+len(" ...") || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != '\t' && !unicode.IsGraphic(r) }) {
			t.Errorf("%q, %d: %q", text, most, got)
		}
	})
}
