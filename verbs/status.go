package verbs

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sexton/service"
)

// Status is the state of the container and its services.
type Status struct {
	UptimeSeconds float64   `json:"uptime_seconds"` // of sexton
	Ready         bool      `json:"ready"`
	Draining      bool      `json:"draining"`
	Stopping      bool      `json:"stopping"`
	PID           int       `json:"pid,omitempty"`  // of sexton
	File          string    `json:"file,omitempty"` // the path of the configuration
	Services      []Service `json:"services"`       // in the order of the file
}

// Service is the state of one service.
type Service struct {
	Name          string  `json:"name"`
	State         string  `json:"state"` // service.State in words
	OneShot       bool    `json:"oneshot,omitempty"`
	External      bool    `json:"external,omitempty"` // it is not started here
	Ready         bool    `json:"ready"`              // it does not keep the container from being ready
	PID           int     `json:"pid,omitempty"`
	Run           uint64  `json:"run,omitempty"` // the number of its present run
	UptimeSeconds float64 `json:"uptime_seconds,omitempty"`
	StateSeconds  float64 `json:"state_seconds"` // for how long it has been in this state
	Restarts      int     `json:"restarts"`
	LastExit      string  `json:"last_exit,omitempty"`
	MemoryBytes   int64   `json:"memory_bytes,omitempty"` // resident, of its process group; missing: not known
	WaitsFor      string  `json:"waits_for,omitempty"`
	Says          string  `json:"says,omitempty"`     // of itself: STATUS of sd_notify(3)
	Health        string  `json:"health,omitempty"`   // what is wrong with it; missing: nothing, or nobody asks
	NextRun       string  `json:"next_run,omitempty"` // of its schedule, as in RFC 3339

	Output []service.Output `json:"output,omitempty"` // what it wrote, if its output passes through sexton
}

// everything is a look at all services.
func everything(ctx context.Context, l Loop, _ *Request) (service.Answer, error) {
	return l.Look(ctx, "")
}

func status(q *question) Reply {
	s := statusOf(&q.now.Report, q.request.Services, q.memory(), q.outputs())
	s.PID, s.File = os.Getpid(), q.File
	return Reply{Status: s}
}

func statusOf(r *service.Report, names []string, memory map[int]int64, outputs []service.Output) *Status {
	s := &Status{
		UptimeSeconds: r.At.Seconds(), Ready: r.Ready, Draining: r.Draining, Stopping: r.Stopping,
		Services: make([]Service, 0, len(r.Services)),
	}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	for i := range r.Services {
		if len(names) == 0 || wanted[r.Services[i].Name] {
			s.Services = append(s.Services, serviceOf(r.At, &r.Services[i], memory, outputs))
		}
	}
	return s
}

func serviceOf(at time.Duration, s *service.Status, memory map[int]int64, outputs []service.Output) Service {
	out := Service{
		Name: s.Name, State: s.State.String(), OneShot: s.OneShot, External: s.External, Ready: s.Ready, PID: int(s.PID), Run: uint64(s.Run),
		StateSeconds: (at - s.Since).Seconds(), Restarts: s.Restarts, LastExit: s.LastExit, WaitsFor: strings.TrimPrefix(cmp.Or(s.Seen, s.Waits), "waiting for "),
	}
	if s.PID != 0 {
		out.UptimeSeconds = (at - s.Started).Seconds()
		out.MemoryBytes = memory[int(s.PID)]
	}
	out.Health, out.Says = s.Health, s.Says
	if !s.Next.IsZero() {
		out.NextRun = s.Next.Format(time.RFC3339)
	}
	for _, o := range outputs {
		if o.Service == s.Name {
			out.Output = append(out.Output, o)
		}
	}
	return out
}

// text is a table that is at most p.Width characters wide. The details of a service
// follow its columns if they fit, and are on the line below otherwise.
func (s *Status) text(p *Page) (string, int) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, up for %s\n", stateOf(s), Elapsed(s.UptimeSeconds))
	rows := [][]string{{"NAME", "STATE", "PID", "UPTIME", "RESTARTS", "MEMORY", "OUTPUT"}}
	details := []string{"LAST EXIT, WAITS FOR"}
	for i := range s.Services {
		rows = append(rows, statusRow(&s.Services[i]))
		details = append(details, detailOf(&s.Services[i]))
	}
	for i, line := range aligned(rows) {
		switch detail := details[i]; {
		case detail == "":
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		case utf8.RuneCountInString(line+detail) <= p.Width:
			b.WriteString(line + detail + "\n")
		default:
			b.WriteString(strings.TrimRight(line, " ") + "\n" + detailIndent + shortened(detail, p.Width-len(detailIndent)) + "\n")
		}
	}
	return b.String(), 0
}

const detailIndent = "    "

func stateOf(s *Status) string {
	switch {
	case s.Draining:
		return "draining"
	case s.Stopping:
		return "stopping"
	case s.Ready:
		return "ready"
	}
	return "not ready"
}

func statusRow(s *Service) []string {
	row := []string{s.Name, s.State, "-", "-", strconv.Itoa(s.Restarts), "-", "-"}
	if s.PID != 0 {
		row[2], row[3] = strconv.Itoa(s.PID), Elapsed(s.UptimeSeconds)
	}
	if s.MemoryBytes > 0 {
		row[5] = bytesText(s.MemoryBytes)
	}
	if len(s.Output) > 0 {
		var in int64
		for _, o := range s.Output {
			if !strings.HasSuffix(o.Stream, service.TeeSuffix) {
				in += o.BytesIn
			}
		}
		row[6] = bytesText(in)
	}
	return row
}

// detailOf is what a service waits for, when it runs next, how many lines were dropped, and how it ended
// last; "" for nothing.
func detailOf(s *Service) string {
	var parts []string
	if s.External {
		parts = append(parts, "external")
	}
	if s.WaitsFor != "" {
		parts = append(parts, "waits for "+s.WaitsFor)
	}
	if s.Says != "" {
		parts = append(parts, "says "+service.Printable(s.Says, 200))
	}
	if s.Health != "" {
		parts = append(parts, s.Health)
	}
	if s.NextRun != "" {
		parts = append(parts, "next run "+strings.Replace(strings.TrimSuffix(s.NextRun, "Z"), "T", " ", 1))
	}
	var dropped int64
	for _, o := range s.Output {
		dropped += o.LinesDropped
	}
	if dropped > 0 {
		parts = append(parts, fmt.Sprintf("%d lines dropped", dropped))
	}
	if s.LastExit != "" {
		parts = append(parts, s.LastExit)
	}
	return strings.Join(parts, "; ")
}

// shortened cuts a line to a width; why shows all of it.
func shortened(text string, most int) string {
	const more = " ..."
	if letters := []rune(text); len(letters) > most {
		return string(letters[:max(0, most-len(more))]) + more
	}
	return text
}

// aligned makes a line of each row, all columns as wide as their widest cell and two
// blanks.
func aligned(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for k, row := range rows {
		for i, cell := range row {
			lines[k] += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
	}
	return lines
}

// Elapsed writes a length of time with two units at most: 430ms, 3.2s,
// 2m10s, 3h20m, 12d4h.
func Elapsed(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// bytesText writes an amount of bytes.
func bytesText(n int64) string { return service.Bytes(n) }
