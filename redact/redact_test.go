package redact

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	var s Set
	if got := s.Text("nothing is known"); got != "nothing is known" {
		t.Error(got)
	}
	s.Put("web", []byte("hunter2"), []byte("abc"), []byte("hunter22x"), nil)
	s.Put("db", []byte("-----BEGIN-----\nlong line\n  another1 \nshort\n"), []byte("hunter2"))
	for text, want := range map[string]string{
		"":                             "",
		"hunter":                       "hunter",
		"hunter2":                      "***",
		"xhunter2y hunter2hunter2":     "x***y ***",
		"hunter22x":                    "***",
		"hunter22":                     "***2",
		"abc short":                    "abc short",
		"a long line and another1 too": "a *** and *** too",
		"-----BEGIN-----\nlong line\n  another1 \nshort\nx": "***x",
		"\xff\x00hunter2\xff":                               "\xff\x00***\xff",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A secret stays known for one more change.
func TestPutAndForget(t *testing.T) {
	var s Set
	known := func() (all string) {
		for _, secret := range []string{"first", "second", "third"} {
			if s.Text(secret) == Instead {
				all += secret[:1]
			}
		}
		return all
	}
	for _, step := range []struct{ owner, secret, want string }{
		{"a", "first", "f"}, {"a", "first", "f"}, {"a", "second", "fs"}, {"a", "second", "fs"}, {"b", "first", "fs"},
		{"a", "third", "fst"}, {"b", "", "fst"}, {"b", "third", "st"}, {"a", "-", "st"}, {"b", "-", ""},
	} {
		if step.secret == "-" {
			s.Forget(step.owner)
			s.Forget(step.owner)
		} else {
			s.Put(step.owner, []byte(step.secret))
		}
		if got := known(); step.secret != "-" && got != step.want || step.owner == "b" && got != step.want {
			t.Errorf("%v: %s", step, got)
		}
	}
	if len(s.known)+len(s.owners) != 0 {
		t.Errorf("%d lengths, %d owners are left", len(s.known), len(s.owners))
	}
}

// Ten thousand services with secrets of their own.
func TestManySecretsAreQuick(t *testing.T) {
	var s Set
	began := time.Now()
	for i := range 10_000 {
		s.Put(fmt.Sprint(i), fmt.Appendf(nil, "secret %d", i), bytes.Repeat([]byte{'x', byte(i)}, 20))
	}
	line := strings.Repeat("a line of ours ", 20)
	for range 1000 {
		s.Text(line)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Error(took)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a secret here", "secret", "here")
	f.Add("aaaaaaaaa", "aaaa", "aaaaa")
	f.Fuzz(func(t *testing.T, text, one, two string) {
		var s Set
		s.Put("web", []byte(one), []byte(two))
		got := s.Text(text)
		for _, secret := range []string{one, two} {
			if len(secret) >= least && !strings.Contains(Instead, secret) && strings.Contains(text, secret) && got == text {
				t.Errorf("%q with %q: %q", text, secret, got)
			}
		}
		if !strings.Contains(one+two, "\n") && !(len(one) >= least && strings.Contains(text, one)) && !(len(two) >= least && strings.Contains(text, two)) && got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
