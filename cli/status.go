package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sexton/control"
	"sexton/service"
)

// statusText is how everything is, as a table.
func statusText(s *control.Status) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, up for %s\n", stateOf(s), forPeople(s.UptimeSeconds))
	rows := [][]string{{"NAME", "STATE", "PID", "UPTIME", "RESTARTS", "MEMORY", "OUTPUT", "LAST EXIT", "WAITS FOR"}}
	for i := range s.Services {
		rows = append(rows, statusRow(&s.Services[i]))
	}
	b.WriteString(table(rows))
	return b.String()
}

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
	row := []string{s.Name, s.State, "-", "-", strconv.Itoa(s.Restarts), "-", "-", "-", "-"}
	if s.PID != 0 {
		row[2], row[3] = strconv.Itoa(s.PID), forPeople(s.UptimeSeconds)
	}
	if s.MemoryBytes > 0 {
		row[5] = bytesText(s.MemoryBytes)
	}
	if len(s.Output) > 0 {
		row[6] = outputText(s.Output)
	}
	if s.LastExit != "" {
		row[7] = shortened(s.LastExit)
	}
	if s.WaitsFor != "" {
		row[8] = s.WaitsFor
	}
	return row
}

// outputText is how much a service wrote, and how many lines of it were dropped.
func outputText(outputs []service.Output) string {
	var in, dropped int64
	for _, o := range outputs {
		in += o.BytesIn
		dropped += o.LinesDropped
	}
	if dropped == 0 {
		return bytesText(in)
	}
	return fmt.Sprintf("%s, %d lines dropped", bytesText(in), dropped)
}

// shortened keeps one line from making all of a table too wide; why has the whole.
func shortened(text string) string {
	const most = 72
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + " ..."
	}
	return text
}

// table aligns rows; the last column ends where it ends.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
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
