// Package doctor examines the container that it runs in, for `sexton doctor`:
// what sexton can do here, what it cannot, and how to mend that. It tries what can
// be tried without leaving a trace, and says of the rest that it was not tried.
// Nothing needs to be there: no /proc, no cgroups, no writable place, no passwd.
package doctor

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sexton/proc"
	"sexton/service"
)

// Verdict is what came of looking at one thing.
type Verdict uint8

const (
	Verified Verdict = iota // it was tried, or read, and is as sexton wants it
	Failed                  // it was tried, and something that is needed does not work
	Note                    // it is a limit that may be meant, or a thing to know
	NotTried                // it cannot be seen from here, or there is nothing to try
	verdicts
)

func (v Verdict) String() string { return [...]string{"verified", "failed", "note", "not tried"}[v] }

// Finding is one line.
type Finding struct {
	Topic   string
	Verdict Verdict
	Text    string
	Mend    string // how to mend it, or what to do about it; "": nothing
}

// Options say what to examine.
type Options struct {
	// Root is put before every path, for tests; "" in earnest.
	Root string
	// Plan is what would run, nil where there is none, and then Config says why.
	Plan   *service.Plan
	Config Finding
	// Getenv is a variable of the environment that we were given.
	Getenv func(name string) string
	// Mask and Ignored are the signals that were blocked and ignored when we
	// were started, bit N-1 for signal N.
	Mask, Ignored uint64
}

// Examine looks at everything. Some of it looks at, and changes, this very
// process: it is for one that does nothing else.
func Examine(o Options) []Finding {
	e := &examination{Options: o}
	e.process()
	e.user()
	e.capabilities()
	e.signals()
	e.descriptors()
	e.places()
	e.files()
	e.cgroup()
	e.limits()
	e.configuration()
	return e.findings
}

// examination is one call of Examine.
type examination struct {
	Options
	findings []Finding
}

func (e *examination) add(topic string, v Verdict, text, mend string) {
	e.findings = append(e.findings, Finding{topic, v, proc.Visible(text), proc.Visible(mend)})
}

func (e *examination) addf(topic string, v Verdict, mend, format string, args ...any) {
	e.add(topic, v, fmt.Sprintf(format, args...), mend)
}

// Text writes findings line by line: failures first, then notes, what is verified and
// what was not tried, and how many there are of each kind. brief leaves out the last two
// kinds; they are still counted.
func Text(findings []Finding, brief bool) string {
	width := 0
	for _, f := range findings {
		width = max(width, utf8.RuneCountInString(f.Topic))
	}
	var b strings.Builder
	var counts [verdicts]int
	rank := [...]int{Failed: 0, Note: 1, Verified: 2, NotTried: 3}
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int { return rank[a.Verdict] - rank[b.Verdict] })
	for _, f := range findings {
		counts[f.Verdict]++
		if brief && (f.Verdict == Verified || f.Verdict == NotTried) {
			continue
		}
		fmt.Fprintf(&b, "%-9s  %-*s  %s\n", f.Verdict, width, f.Topic, f.Text)
		if f.Mend != "" {
			fmt.Fprintf(&b, "%-9s  %-*s  mend: %s\n", "", width, "", f.Mend)
		}
	}
	fmt.Fprintf(&b, "%d failed, %s, %d verified, %d not tried\n", counts[Failed], service.Counted(counts[Note], "note"), counts[Verified], counts[NotTried])
	return b.String()
}
