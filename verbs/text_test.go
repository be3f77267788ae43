package verbs

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sexton/internal/golden"
	"sexton/service"
)

func text(a answer, p *Page) string {
	words, _ := a.text(p)
	return words
}

func TestAnswersInWords(t *testing.T) {
	page := &Page{Width: 80, Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	var b strings.Builder
	b.WriteString(text(&Status{UptimeSeconds: 200000, Ready: true, Services: []Service{
		{Name: "db", State: "up", Ready: true, PID: 12, UptimeSeconds: 199999, MemoryBytes: 5 << 30,
			Output: []service.Output{{Stream: "stdout", BytesIn: 3 << 20, LinesIn: 40000}, {Stream: "stderr", BytesIn: 1 << 20, LinesIn: 9000, LinesDropped: 312}}},
		{Name: "a-long-name", State: "backoff", Restarts: 12, LastExit: "exited with status 1 after 2s", WaitsFor: "its next start in 1s"},
		{Name: "web", State: "starting", PID: 4000, UptimeSeconds: 0.25, MemoryBytes: 3 << 19, WaitsFor: "tcp 127.0.0.1:80"},
	}}, page))
	for _, s := range []Status{{}, {Stopping: true}, {Draining: true, Stopping: true, UptimeSeconds: 4000}} {
		b.WriteString("\n" + text(&s, page))
	}
	b.WriteString("\n" + text(&Status{Services: []Service{{
		Name: "web", State: "backoff", LastExit: "cannot start: exec webb: no such file or directory; not found in PATH=/usr/local/sbin:/usr/local/bin", WaitsFor: "its next start in 1s",
	}}}, page))
	b.WriteString("\n" + text(&Why{Service: Service{Name: "new", State: "down"}}, page))
	b.WriteString("\n" + text(&Why{Service: Service{Name: "never", State: "failed", LastExit: "not started: it needs db, which failed"}}, page))
	b.WriteString("\n" + text(&Why{Service: Service{Name: "api", State: "waiting", StateSeconds: 4.5, WaitsFor: "db, cache"}}, page))
	for _, exit := range []string{"exited with status 4 after 307ms", "exited with status 4 after 307ms; gave up after 5 starts in 1m"} {
		b.WriteString("\n" + text(&Why{
			Service: Service{Name: "job", State: "failed", LastExit: exit, StateSeconds: 2},
			Runs:    []PastRun{{Run: 2, Number: 2, PID: 9, StartedAgo: 2.307, EndedAgo: 2, ReadyAfter: 0.1, Exit: "exited with status 4", Status: 4}},
		}, page))
	}
	b.WriteString("\n" + text(&Why{
		Service: Service{Name: "web", State: "up", PID: 31, StateSeconds: 2.1, Restarts: 3},
		Runs: []PastRun{
			{Run: 1, Number: 1, PID: 9, StartedAgo: 4000, EndedAgo: 3700, ReadyAfter: 0.5, Exit: "killed by SIGKILL", UserSeconds: 61, MaxRSSBytes: 60 << 20},
			{Run: 2, Number: 2, StartedAgo: 600, EndedAgo: 600, Exit: "cannot start: exec web: no such file", Status: 127},
			{Run: 4, Number: 4, PID: 20, StartedAgo: 90, EndedAgo: 30, Exit: "killed by SIGKILL", Status: 137, Asked: "not ready within 50s: refused", Killed: true},
			{Run: 5, Number: 5, PID: 21, StartedAgo: 25, EndedAgo: 24, Exit: "exited with status 1", Status: 1},
		},
		Lines: []string{"oops", "bye"},
	}, page))
	b.WriteString("\n" + text(&Shutdown{Services: 1}, page) + text(&Shutdown{Services: 2, Already: true}, page))
	golden.File(t, "../testdata/verbs/answers.golden", b.String())
}

// TestStatusFitsItsWidth: whatever a service has to say, no line is wider than the
// terminal, and a wide terminal shows more of it.
func TestStatusFitsItsWidth(t *testing.T) {
	s := &Status{Services: []Service{{
		Name: "a-name-of-20-letters", State: "starting", PID: 4194304, UptimeSeconds: 86399, Restarts: 12345, MemoryBytes: 1023 << 20,
		Output:   []service.Output{{BytesIn: 1023 << 20, LinesDropped: 123456}},
		WaitsFor: "http http://127.0.0.1:8080/healthz", LastExit: strings.Repeat("exited with status 1 and long words ", 9),
	}, {Name: "web", State: "up"}}}
	shown := 0
	for _, width := range []int{80, 120, 400} {
		text := text(s, &Page{Width: width})
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("a line of %d characters at a width of %d: %s", n, width, line)
			}
		}
		if len(text) <= shown {
			t.Errorf("no more is shown at a width of %d:\n%s", width, text)
		}
		shown = len(text)
	}
}
