// Package doctor examines the container that it runs in, for `sexton doctor`:
// what works here, what does not, and how to fix that. It tries everything that leaves no
// trace, and reports the rest as not tried. It needs nothing: no /proc, no cgroups, no
// writable directory, no passwd file.
package doctor

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sexton/proc"
	"sexton/service"
)

// Verdict is the result of one check.
type Verdict uint8

const (
	Verified Verdict = iota // tried or read, and as sexton needs it
	Failed                  // tried, and something that is needed does not work
	Note                    // a limit that may be on purpose, or something to know
	NotTried                // cannot be seen from here, or there is nothing to try
	verdicts
)

func (v Verdict) String() string { return [...]string{"verified", "failed", "note", "not tried"}[v] }

// Finding is one line.
type Finding struct {
	Topic   string
	Verdict Verdict
	Text    string
	Fix     string // how to fix it, or what to do about it; "": nothing
}

// Options say what to examine.
type Options struct {
	// Root goes before every path, for tests; "" otherwise.
	Root string
	// Plan is what would run. If it is nil, Config says why.
	Plan   *service.Plan
	Config Finding
	// Getenv returns a variable of the environment that we were started with.
	Getenv func(name string) string
	// Mask and Ignored are the signals that were blocked and ignored when we
	// were started, bit N-1 for signal N.
	Mask, Ignored uint64
}

// Examine makes all checks. Some of them look at this process and change it: call it
// in a process that does nothing else.
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

// Text writes findings line by line: failures first, then notes, verified and not tried
// ones, and the number of each kind. brief leaves out the last two kinds, but still
// counts them.
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
		if f.Fix != "" {
			fmt.Fprintf(&b, "%-9s  %-*s  fix: %s\n", "", width, "", f.Fix)
		}
	}
	fmt.Fprintf(&b, "%d failed, %s, %d verified, %d not tried\n", counts[Failed], service.Counted(counts[Note], "note"), counts[Verified], counts[NotTried])
	return b.String()
}
