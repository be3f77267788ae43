package service

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/proc"
)

// Summary is how the container ended, reported at its very end.
type Summary struct {
	Status  int           // the container's exit status
	Reason  string        // why it ended, in one line
	Ended   bool          // Reason is how Service ended by itself
	Service string        // its end is the reason, or it had to be killed; "": no service
	Starts  int           // of Service; 0: none
	Took    time.Duration // since the shutdown began
	Ends    []Ending      // of everything that ran then: services in the order of their ends, then strays
}

// Ending is how one service or one stray ended.
type Ending struct {
	Service string        // "": it belonged to no known service
	PID     proc.PID      // of a stray; 0: this is a service
	Command string        // the name that a stray gives itself
	Signal  proc.Signal   // the last that we sent; 0: it ended by itself
	After   time.Duration // since our first signal; 0 for a stray: unknown
	Killed  bool          // it had to be killed
	Claimed bool          // only the process's own variable SEXTON_SERVICE names Service
	Outside bool          // it does not descend from us (docker exec): its end counts for nothing
}

// Name is what our lines call it.
func (e *Ending) Name() string {
	if e.PID == 0 {
		return e.Service
	}
	text := fmt.Sprintf("%s (pid %d)", e.Command, e.PID)
	switch {
	case e.Outside:
		text += " from outside"
	case e.Service != "":
		text += " of " + e.Service
	}
	if e.Claimed {
		text += " (only its SEXTON_SERVICE says so)"
	}
	return text
}

// endsMax is how many endings are reported one by one.
const endsMax = 20

// Text says in one line how everything ended: first what had to be killed, and the
// slowest first. It is "" if nothing had to be ended.
func (s *Summary) Text() string {
	var killed, outside, stopped []*Ending
	for i := range s.Ends {
		switch e := &s.Ends[i]; {
		case e.Killed && e.Outside:
			outside = append(outside, e)
		case e.Killed:
			killed = append(killed, e)
		case e.Signal != 0:
			stopped = append(stopped, e)
		}
	}
	var parts []string
	for _, list := range []struct {
		verb string
		ends []*Ending
	}{{"had to be killed", killed}, {"stopped", stopped}, {"also killed, but not counted", outside}} {
		if len(list.ends) > 0 {
			parts = append(parts, list.verb+": "+endWords(list.ends))
		}
	}
	return strings.Join(parts, "; ")
}

// endWords lists the slowest first.
func endWords(ends []*Ending) string {
	slices.SortStableFunc(ends, func(a, b *Ending) int { return int(min(1, max(-1, b.After-a.After))) })
	var words []string
	for _, e := range ends[:min(len(ends), endsMax)] {
		switch {
		case e.Signal == proc.KILL && e.After == 0:
			words = append(words, e.Name()+" at once")
		case e.Killed:
			words = append(words, fmt.Sprintf("%s after %s", e.Name(), Span(e.After)))
		case e.PID != 0 && e.After == 0:
			words = append(words, fmt.Sprintf("%s by SIG%v", e.Name(), e.Signal))
		default:
			words = append(words, fmt.Sprintf("%s by SIG%v after %s", e.Name(), e.Signal, Span(e.After)))
		}
	}
	if more := len(ends) - endsMax; more > 0 {
		words = append(words, fmt.Sprintf("%d more, none of them slower", more))
	}
	return strings.Join(words, ", ")
}

// The kubelet takes at most 4096 bytes of a container's termination log. If a pod has many
// containers, they share 12 KiB.
const (
	terminationMax     = 4096
	terminationLineMax = 1000
)

// Termination returns the text of the termination log: the line that matters, how
// everything ended, and as many of the last lines of Service as fit.
func (s *Summary) Termination(last [][]byte) string {
	line := s.Reason
	if s.Ended {
		line = s.Service + ": " + line
	}
	if s.Starts > 1 {
		line += fmt.Sprintf(" (started %d times)", s.Starts)
	}
	text := cut(line, terminationLineMax) + fmt.Sprintf("\nstatus %d", s.Status)
	if s.Took >= time.Millisecond {
		text += fmt.Sprintf(", %s after the end began", Span(s.Took))
	}
	text += "\n"
	if words := s.Text(); words != "" {
		text += cut(words, terminationLineMax) + "\n"
	}
	if s.Service == "" || len(last) == 0 {
		return text
	}
	head := fmt.Sprintf("last lines of %s:\n", s.Service)
	room := terminationMax - len(text) - len(head)
	tail := ""
	for i := len(last) - 1; i >= 0; i-- {
		line := proc.Visible(string(last[i])) // kubectl describe shows it in a terminal
		if len(line) >= room {
			if tail == "" { // even the last one is too long: keep its end
				tail = strings.ToValidUTF8(line[len(line)-room+1:], "") + "\n"
			}
			break
		}
		tail = line + "\n" + tail
		room -= len(line) + 1
	}
	return text + head + tail
}

// Refusal returns the text of the termination log if nothing was started: the first
// line of text, which says why, the status, and as much of the rest as fits.
func Refusal(status int, text string) string {
	first, rest, _ := strings.Cut(text, "\n")
	rest = proc.VisibleLines(rest)
	head := cut(first, terminationLineMax) + fmt.Sprintf("\nstatus %d\n", status)
	if room := terminationMax - len(head); len(rest) > room {
		rest = rest[:room]
		rest = strings.ToValidUTF8(rest[:strings.LastIndexByte(rest, '\n')+1], "")
	}
	return head + rest
}

// cut shortens a text to at most so many bytes, and makes it one visible line.
func cut(text string, most int) string {
	text = proc.Visible(text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-3], "") + "..."
	}
	return text
}
