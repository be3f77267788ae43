package cli

import (
	"fmt"
	"strings"
	"time"

	"sexton/control"
	"sexton/service"
)

// whyText tells how a service is and how its last runs ended, the latest first.
// now is for the wall clock's times.
func whyText(w *control.Why, now time.Time) string {
	var b strings.Builder
	s := &w.Service
	state := s.State
	waits := s.State == service.Waiting.String() && s.WaitsFor != ""
	if waits {
		state += " for " + s.WaitsFor + ","
	}
	fmt.Fprintf(&b, "%s: %s for %s", s.Name, state, forPeople(s.StateSeconds))
	if s.PID != 0 {
		fmt.Fprintf(&b, " (pid %d)", s.PID)
	}
	if s.WaitsFor != "" && !waits {
		fmt.Fprintf(&b, ", waiting for %s", s.WaitsFor)
	}
	if s.Restarts > 0 {
		fmt.Fprintf(&b, ", %s", service.Counted(s.Restarts, "restart"))
	}
	b.WriteString("\n")
	if s.LastExit != "" && (len(w.Runs) == 0 || s.State == service.Failed.String() && !tells(&w.Runs[len(w.Runs)-1], s.LastExit)) {
		fmt.Fprintf(&b, "%s\n", s.LastExit)
	}
	if len(w.Runs) == 0 {
		b.WriteString("no run of it has ended yet\n")
	}
	for i := len(w.Runs) - 1; i >= 0; i-- {
		writeRun(&b, &w.Runs[i], now, s.OneShot)
	}
	if len(w.Lines) > 0 {
		b.WriteString("\nlast lines\n")
	}
	for _, line := range w.Lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}

// tells tells whether a run's own lines say all of how its service ended: there may be
// more, that it was given up say.
func tells(r *control.Run, lastExit string) bool {
	more, same := strings.CutPrefix(lastExit, r.Exit)
	return same && !strings.Contains(more, "; ")
}

func writeRun(b *strings.Builder, r *control.Run, now time.Time, oneShot bool) {
	ended := now.Add(-time.Duration(r.EndedAgo * float64(time.Second)))
	fmt.Fprintf(b, "\nrun %d, ended %s (%s ago)\n", r.Number, ended.Format("2006-01-02 15:04:05Z"), forPeople(r.EndedAgo))
	b.WriteString("  " + r.Exit)
	if r.PID != 0 {
		fmt.Fprintf(b, " after %s", forPeople(r.StartedAgo-r.EndedAgo))
	}
	switch {
	case r.Killed:
		b.WriteString("; we had to kill it")
	case r.PID != 0 && r.ReadyAfter == 0 && !oneShot:
		b.WriteString("; it was never up")
	}
	b.WriteString("\n")
	if r.Asked != "" {
		fmt.Fprintf(b, "  stopped by us: %s\n", r.Asked)
	}
	if r.PID != 0 {
		fmt.Fprintf(b, "  pid %d, CPU %s user and %s system, at most %s of memory\n", r.PID,
			forPeople(r.UserSeconds), forPeople(r.SysSeconds), bytesText(r.MaxRSSBytes))
	}
}
