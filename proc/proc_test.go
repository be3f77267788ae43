package proc

import (
	"strings"
	"testing"
)

func TestEverySignalIsReadAsItIsWritten(t *testing.T) {
	for s := Signal(1); s <= LastSignal; s++ {
		for _, text := range []string{s.String(), "SIG" + s.String(), strings.ToLower(s.String())} {
			got, err := ParseSignal(text)
			if err != nil && strings.HasPrefix(text, "SIG3") {
				continue // SIG32 is no name
			}
			if got != s || err != nil {
				t.Errorf("%s: %d, %v; want %d", text, got, err, s)
			}
		}
	}
}

func TestMistypedSignalsAreExplained(t *testing.T) {
	for text, want := range map[string]string{
		"TREM":      `did you mean "TERM"?`,
		"SIGTREM":   `did you mean "TERM"?`,
		"0":         "signals are 1 to 64",
		"65":        "signals are 1 to 64",
		"RTMIN+31":  "RTMIN to RTMIN+30",
		"RTMAX+1":   "RTMIN to RTMIN+30",
		"RTMIN+-1":  "RTMIN to RTMIN+30",
		"":          "give a name such as TERM",
		"SIGNALING": "give a name such as TERM",
	} {
		if s, err := ParseSignal(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", text, s, err, want)
		}
	}
}

func TestRealTimeSignalsAreNumberedAsGlibcDoes(t *testing.T) {
	for text, want := range map[string]Signal{"RTMIN": 34, "RTMIN+3": 37, "RTMAX": 64, "RTMAX-1": 63, "SIGRTMIN+30": 64, "CLD": 17, "POLL": 29} {
		if got, err := ParseSignal(text); got != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"comand": "command", "nedes": "needs", "xyz": "", "dri": "dir"} {
		if got := Nearest(word, []string{"command", "needs", "dir"}); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

func FuzzParseSignal(f *testing.F) {
	for _, seed := range []string{"TERM", "RTMIN+3", "RTMAX-30", "9", "SIGSIG", "+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSignal(text)
		if (err == nil) != (s >= 1 && s <= LastSignal) {
			t.Errorf("%q: %d, %v", text, s, err)
		}
	})
}
