package proc

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"plain, with a\ttab":        "plain, with a\ttab",
		"Grüße, 日本語, é, \u00a0😀":    "Grüße, 日本語, é, \u00a0😀",
		`C:\new`:                    `C:\new`,
		"\x1b]0;title\a\x1b[2J":     `\x1b]0;title\a\x1b[2J`,
		"one\nsexton | two\r three": `one\nsexton | two\r three`,
		"\u009b31mC1":               `\u009b31mC1`,
		"\x9b31m":                   `\x9b31m`,
		"a\u202eb\u2066c\u200bd":    `a\u202eb\u2066c\u200bd`,
		"\u2028\u2029\ufeff\x7f":    `\u2028\u2029\ufeff\x7f`,
		"\U000e0041":                `\U000e0041`,
		"\xff\xfe ok \ufffd":        `\xff\xfe ok ` + "\ufffd",
		"\x00":                      `\x00`,
	} {
		if got := Visible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := VisibleLines("a\x1b\n\nb\r\nc"); got != "a\\x1b\n\nb\\r\nc" {
		t.Errorf("lines: %q", got)
	}
}

// For any input, the result is one line of graphic characters and tabs. A second call
// changes nothing, and harmless text stays.
func FuzzVisible(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[31m", "\u202e\xff\n", "\\x1b", "日本\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Visible(text)
		if !utf8.ValidString(got) {
			t.Fatalf("%q: %q is no UTF-8", text, got)
		}
		harmless := utf8.ValidString(text)
		for _, r := range text {
			harmless = harmless && (unicode.IsGraphic(r) || r == '\t')
		}
		if harmless != (got == text) {
			t.Fatalf("%q: %q", text, got)
		}
		for _, r := range got {
			if !unicode.IsGraphic(r) && r != '\t' {
				t.Fatalf("%q: %q has %q", text, got, r)
			}
		}
		if Visible(got) != got {
			t.Fatalf("%q: %q is not stable", text, got)
		}
		if lines := VisibleLines(text); strings.Count(lines, "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q: %q", text, lines)
		}
	})
}
