package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/control"
)

// statusLeast is how wide a table may be where no terminal says otherwise.
const statusLeast = 80

// statusWidth is how many characters fit into a line of stdout.
func statusWidth() int {
	size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
	if err != nil {
		return statusLeast
	}
	return max(statusLeast, int(size.Col))
}

// statusText is how everything is, as a table that is at most so many characters wide.
// What is to be said of a service beside the columns stands behind them where it fits,
// and otherwise on a line below.
func statusText(s *control.Status, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, up for %s\n", stateOf(s), forPeople(s.UptimeSeconds))
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
		case utf8.RuneCountInString(line+detail) <= width:
			b.WriteString(line + detail + "\n")
		default:
			b.WriteString(strings.TrimRight(line, " ") + "\n" + detailIndent + shortened(detail, width-len(detailIndent)) + "\n")
		}
	}
	return b.String()
}

const detailIndent = "    "

func stateOf(s *control.Status) string {
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

func statusRow(s *control.Service) []string {
	row := []string{s.Name, s.State, "-", "-", strconv.Itoa(s.Restarts), "-", "-"}
	if s.PID != 0 {
		row[2], row[3] = strconv.Itoa(s.PID), forPeople(s.UptimeSeconds)
	}
	if s.MemoryBytes > 0 {
		row[5] = bytesText(s.MemoryBytes)
	}
	if len(s.Output) > 0 {
		var in int64
		for _, o := range s.Output {
			in += o.BytesIn
		}
		row[6] = bytesText(in)
	}
	return row
}

// detailOf is what a service waits for, what became of its output, and how it ended
// last; "" where there is nothing to say.
func detailOf(s *control.Service) string {
	var parts []string
	if s.WaitsFor != "" {
		parts = append(parts, "waits for "+s.WaitsFor)
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

// shortened keeps a line within a width; why has the whole.
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

// forPeople writes a length of time so that one sees its size: 430ms, 3.2s,
// 2m10s, 3h20m, 12d4h.
func forPeople(seconds float64) string {
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

// bytesText writes an amount of bytes: 12B, 512KiB, 3.1MiB, 2.0GiB.
func bytesText(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%dKiB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%.1fMiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1fGiB", float64(n)/(1<<30))
}
