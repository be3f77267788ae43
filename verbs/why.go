package verbs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sexton/service"
)

// Why is how the last runs of a service ended, the oldest first.
type Why struct {
	Service Service   `json:"service"`
	Runs    []PastRun `json:"runs"`
	Lines   []string  `json:"lines,omitempty"` // the last that it wrote, if its output passes through sexton
}

// PastRun is one run that has ended. Moments are in seconds before now.
type PastRun struct {
	Run         uint64  `json:"run"`    // the number among the runs of all services
	Number      int     `json:"number"` // the number among those of this one, from 1
	PID         int     `json:"pid,omitempty"`
	StartedAgo  float64 `json:"started_seconds_ago"`
	EndedAgo    float64 `json:"ended_seconds_ago"`
	ReadyAfter  float64 `json:"ready_after_seconds,omitempty"` // missing: it never was
	Exit        string  `json:"exit"`
	Status      int     `json:"status"` // as an exit status
	Asked       string  `json:"asked,omitempty"`
	Killed      bool    `json:"killed,omitempty"`
	UserSeconds float64 `json:"user_seconds"`
	SysSeconds  float64 `json:"system_seconds"`
	MaxRSSBytes int64   `json:"max_rss_bytes"`
}

// records is a look at all services, with the records of the one that is named.
func records(ctx context.Context, l Loop, r *Request) (service.Answer, error) {
	return l.Look(ctx, r.Services[0])
}

func why(q *question) Reply {
	name := q.request.Services[0]
	w := &Why{Service: serviceOf(q.now.At, q.now.Find(name), q.memory(), q.outputs()), Runs: []PastRun{}, Lines: q.recent(name)}
	for i := range q.now.Records {
		w.Runs = append(w.Runs, runOf(q.now.At, &q.now.Records[i]))
	}
	return Reply{Why: w}
}

func runOf(at time.Duration, r *service.Record) PastRun {
	run := PastRun{
		Run: uint64(r.Run), Number: r.Number, PID: int(r.PID), StartedAgo: (at - r.Started).Seconds(), EndedAgo: (at - r.Ended).Seconds(),
		Exit: r.Exit, Status: r.Status, Asked: r.Asked, Killed: r.Killed,
		UserSeconds: r.Usage.User.Seconds(), SysSeconds: r.Usage.System.Seconds(), MaxRSSBytes: r.Usage.MaxRSSBytes,
	}
	if r.Up > 0 {
		run.ReadyAfter = (r.Up - r.Started).Seconds()
	}
	return run
}

// How much `why` shows of a service's last lines.
const (
	whyLines     = 20
	whyLineBytes = 1 << 10
)

func (s *Source) recent(name string) (lines []string) {
	if s.Recent == nil {
		return nil
	}
	for _, line := range s.Recent(name, whyLines) {
		text := string(line[:min(len(line), whyLineBytes)])
		if len(line) > whyLineBytes {
			text += " ..."
		}
		lines = append(lines, strings.ToValidUTF8(text, "\ufffd"))
	}
	return lines
}

// text tells the state of a service and how its last runs ended, the latest first.
func (w *Why) text(p *Page) (string, int) {
	var b strings.Builder
	s := &w.Service
	state := s.State
	waits := s.State == service.Waiting.String() && s.WaitsFor != ""
	if waits {
		state += " for " + s.WaitsFor + ","
	}
	fmt.Fprintf(&b, "%s: %s for %s", s.Name, state, Elapsed(s.StateSeconds))
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
	switch {
	case s.External:
		b.WriteString("it is external: sexton asks whether it is there, and starts nothing\n")
	case len(w.Runs) == 0:
		b.WriteString("none of its runs has ended yet\n")
	}
	for i := len(w.Runs) - 1; i >= 0; i-- {
		writeRun(&b, &w.Runs[i], p.Now, s.OneShot)
	}
	if len(w.Lines) > 0 {
		b.WriteString("\nlast lines\n")
	}
	for _, line := range w.Lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String(), 0
}

// tells reports whether a run's own lines already say how its service ended. There may be
// more to say, for example that sexton gave up.
func tells(r *PastRun, lastExit string) bool {
	more, same := strings.CutPrefix(lastExit, r.Exit)
	return same && !strings.Contains(more, "; ")
}

func writeRun(b *strings.Builder, r *PastRun, now time.Time, oneShot bool) {
	ended := now.Add(-time.Duration(r.EndedAgo * float64(time.Second)))
	fmt.Fprintf(b, "\nrun %d, ended %s (%s ago)\n", r.Number, ended.Format("2006-01-02 15:04:05Z"), Elapsed(r.EndedAgo))
	b.WriteString("  " + r.Exit)
	if r.PID != 0 {
		fmt.Fprintf(b, " after %s", Elapsed(r.StartedAgo-r.EndedAgo))
	}
	switch {
	case r.Killed:
		b.WriteString("; sexton had to kill it")
	case r.PID != 0 && r.ReadyAfter == 0 && !oneShot:
		b.WriteString("; it was never up")
	}
	b.WriteString("\n")
	if r.Asked != "" {
		fmt.Fprintf(b, "  stopped by sexton: %s\n", r.Asked)
	}
	if r.PID != 0 {
		fmt.Fprintf(b, "  pid %d, CPU %s user and %s system, at most %s of memory\n", r.PID,
			Elapsed(r.UserSeconds), Elapsed(r.SysSeconds), bytesText(r.MaxRSSBytes))
	}
}
