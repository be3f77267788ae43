package service

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sexton/proc"
)

func TestSummaryNamesTheKilledFirstAndThenTheSlowest(t *testing.T) {
	s := Summary{Ends: []Ending{
		{Service: "fast", Signal: proc.TERM, After: 3 * time.Millisecond},
		{Service: "slow", Signal: proc.QUIT, After: 1234 * time.Millisecond},
		{Service: "gone"},
		{Service: "quick", Signal: proc.TERM, After: 412 * time.Microsecond},
		{Service: "stubborn", Signal: proc.KILL, After: 9 * time.Second, Killed: true},
		{Service: "slow", PID: 57, Command: "helper", Signal: proc.TERM},
	}}
	want := "had to be killed: stubborn after 9s; stopped: slow by SIGQUIT after 1.2s, fast by SIGTERM after 3ms, quick by SIGTERM after 412µs, helper (pid 57) of slow by SIGTERM"
	if got := s.Text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Ends = nil
	for i := range 100 {
		s.Ends = append(s.Ends, Ending{Service: fmt.Sprint("s", i), Signal: proc.TERM, After: time.Duration(i) * time.Second})
	}
	if got := s.Text(); !strings.HasPrefix(got, "stopped: s99 by SIGTERM after 1m39s, s98 ") || !strings.HasSuffix(got, ", 80 more, none of them slower") {
		t.Errorf("a hundred: %s", got)
	}
}

// Whatever the text is, the first line stays under 1 KiB and the whole under 4 KiB.
func TestTerminationLogKeepsItsBounds(t *testing.T) {
	long := strings.Repeat("ü", 3000)
	for _, n := range []int{0, 1, 10, 3000, 5000} {
		for _, count := range []int{1, 3, 400} {
			var last [][]byte
			for i := range count {
				last = append(last, append(bytes.Repeat([]byte("x"), n), fmt.Sprintf("<%d>", i)...))
			}
			s := Summary{Reason: long + "\n" + long, Service: "web", Starts: 3, Ends: []Ending{{Service: long, Killed: true, Signal: proc.KILL}}}
			text := s.Termination(last)
			first, _, _ := strings.Cut(text, "\n")
			if len(first) >= 1024 || len(text) > 4096 {
				t.Errorf("%d lines of %d bytes: the first line has %d bytes, all has %d", count, n, len(first), len(text))
			}
			if !strings.HasSuffix(text, fmt.Sprintf("<%d>\n", count-1)) {
				t.Errorf("%d lines of %d bytes: the last one is missing: ...%q", count, n, text[len(text)-20:])
			}
		}
	}
}

// The text for a start that was refused has the same limits, and contains only whole lines.
func TestRefusalKeepsItsBounds(t *testing.T) {
	if got, want := Refusal(78, "one\ntwo\n"), "one\nstatus 78\ntwo\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, n := range []int{0, 1, 500, 999, 1000, 2000, 5000} {
		text := strings.Repeat("x", n) + "\n" + strings.Repeat(strings.Repeat("ü", 40)+"\n", n)
		got := Refusal(78, text)
		first, _, _ := strings.Cut(got, "\n")
		if len(first) >= 1024 || len(got) > 4096 || !strings.HasSuffix(got, "\n") || !strings.Contains(got, "\nstatus 78\n") {
			t.Errorf("%d: the first line has %d bytes, all has %d: ...%q", n, len(first), len(got), got[len(got)-20:])
		}
	}
}

// The output of a service may be anything; the termination log is always text.
func TestTerminationLogIsText(t *testing.T) {
	s := Summary{Reason: "exited with status 1", Service: "web", Ended: true}
	text := s.Termination([][]byte{[]byte("a\xffb\xc3"), bytes.Repeat([]byte("\xffx"), 1000)})
	if !utf8.ValidString(text) || len(text) > 4096 || !strings.HasSuffix(text, "x\n") {
		t.Errorf("%d bytes: ...%q", len(text), text[max(0, len(text)-40):])
	}
	if text = s.Termination([][]byte{[]byte("a\x1b[2J\u202eb")}); !strings.HasSuffix(text, "\n"+`a\x1b[2J\u202eb`+"\n") {
		t.Errorf("%q", text)
	}
	s.Ends = []Ending{{PID: 7, Command: "a\nstatus 0\x1b", Signal: proc.TERM}}
	if text = s.Termination(nil); strings.Count(text, "\n") != 3 || !strings.Contains(text, `a\nstatus 0\x1b (pid 7)`) {
		t.Errorf("%q", text)
	}
	s.Ends = nil
	if text = s.Termination([][]byte{[]byte("a\xffb\xc3")}); !strings.HasSuffix(text, "last lines of web:\n"+`a\xffb\xc3`+"\n") {
		t.Errorf("%q", text)
	}
}
