// Package doctor examines the container that it runs in, for `sexton doctor`:
// what sexton can do here, what it cannot, and how to mend that. It tries what can
// be tried without leaving a trace, and says of the rest that it was not tried.
// Nothing needs to be there: no /proc, no cgroups, no writable place, no passwd.
package doctor

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sexton/proc"
	"sexton/service"
)

// Verdict is what came of looking at one thing.
type Verdict uint8

const (
	Verified Verdict = iota // it was tried, or read, and is as sexton wants it
	Failed                  // it was tried, and something is limited by it
	NotTried                // it cannot be seen from here, or there is nothing to try
)

func (v Verdict) String() string { return [...]string{"verified", "failed", "not tried"}[v] }

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

// Text writes findings line by line, and how many there are of each kind.
func Text(findings []Finding) string {
	width := 0
	for _, f := range findings {
		width = max(width, utf8.RuneCountInString(f.Topic))
	}
	var b strings.Builder
	var counts [3]int
	for _, f := range findings {
		counts[f.Verdict]++
		fmt.Fprintf(&b, "%-9s  %-*s  %s\n", f.Verdict, width, f.Topic, f.Text)
		if f.Mend != "" {
			fmt.Fprintf(&b, "%-9s  %-*s  mend: %s\n", "", width, "", f.Mend)
		}
	}
	fmt.Fprintf(&b, "%d verified, %d failed, %d not tried\n", counts[Verified], counts[Failed], counts[NotTried])
	return b.String()
}
