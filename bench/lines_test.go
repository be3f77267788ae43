package main

import (
	"strings"
	"testing"
)

// text is one worker's line without its newline.
func text(id, seq int) string {
	return strings.TrimSuffix(string(appendLine(nil, id, seq)), "\n")
}

func TestLineHasItsLength(t *testing.T) {
	if n := len(appendLine(nil, 7, 12345)); n != lineBytes {
		t.Errorf("a line has %d bytes, want %d", n, lineBytes)
	}
}

func TestAuditTellsWholeFromTornAndLost(t *testing.T) {
	for _, c := range []struct {
		name              string
		lines             []string
		whole, torn, lost int
	}{
		{"as written", []string{text(0, 0), text(0, 1)}, 2, 0, 0},
		{"with a prefix", []string{"busy | " + text(0, 0)}, 1, 0, 0},
		{"in JSON", []string{`{"service":"busy","line":"` + text(0, 0) + `"}`}, 1, 0, 0},
		{"the supervisor's own", []string{"busy: started", ""}, 0, 0, 0},
		{"two writers in turns", []string{text(1, 0), text(2, 0), text(1, 1), text(2, 1)}, 4, 0, 0},
		{"first half", []string{text(0, 0)[:60]}, 0, 1, 0},
		{"second half", []string{"busy | " + text(0, 0)[60:]}, 0, 1, 0},
		{"the last byte alone", []string{text(0, 0)[textBytes-2:]}, 0, 1, 0},
		{"two in one", []string{text(0, 0) + text(0, 1)}, 0, 1, 0},
		{"one inside another", []string{text(1, 0)[:50] + text(2, 0) + text(1, 0)[50:]}, 0, 1, 0},
		{"one missing", []string{text(0, 0), text(0, 2)}, 2, 0, 1},
		{"two missing, one of them late", []string{text(0, 2), text(0, 0)}, 2, 0, 3},
		{"one twice", []string{text(0, 0), text(0, 0)}, 2, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAudit()
			rest := a.all([]byte(strings.Join(c.lines, "\n") + "\nrest"))
			if a.whole != c.whole || a.torn != c.torn || a.lost(0) != c.lost {
				t.Errorf("whole %d, torn %d, lost %d; want %d, %d, %d",
					a.whole, a.torn, a.lost(0), c.whole, c.torn, c.lost)
			}
			if string(rest) != "rest" {
				t.Errorf("rest is %q", rest)
			}
		})
	}
}

func TestAuditMissesTheLastLines(t *testing.T) {
	a := newAudit()
	a.line([]byte(text(0, 0)))
	if n := a.lost(3); n != 2 {
		t.Errorf("lost %d of 3 after the first, want 2", n)
	}
}
