package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one of go test -json (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string // "": about the package
	Output  string
}

// test names one test.
type test struct{ pkg, name string }

// report turns events into what go test prints without -json, and counts what was
// skipped.
type report struct {
	out    io.Writer
	output map[test][]string // of the tests that have not ended
	order  []test            // in which they began
	skips  map[skip]int
}

// skip is a reason, and what was skipped for it.
type skip struct{ kind, reason string }

func newReport(out io.Writer) *report {
	return &report{out: out, output: make(map[test][]string), skips: make(map[skip]int)}
}

// lineMax bounds one event. A test that fails may print a long line.
const lineMax = 64 << 20

// read takes all events. Lines that are none are passed on.
func (r *report) read(events io.Reader) error {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintf(r.out, "%s\n", lines.Bytes())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	t := test{e.Package, e.Test}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Test == "" && e.Action == "output":
		if e.Output != "PASS\n" {
			fmt.Fprint(r.out, e.Output)
		}
	case e.Test == "" && e.Action == "fail":
		r.printUnfinished(e.Package)
	case e.Test == "":
	case e.Action == "run":
		r.order = append(r.order, t)
	case e.Action == "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			r.output[t] = append(r.output[t], e.Output)
		}
	case e.Action == "fail":
		r.print(t)
	case e.Action == "skip":
		r.skips[skip{kindOf(e.Test), reason(r.output[t])}]++
		delete(r.output, t)
	case e.Action == "pass":
		delete(r.output, t)
	}
}

// print prints what a test that failed has said, its verdict first.
func (r *report) print(t test) {
	var verdict, said []string
	for _, line := range r.output[t] {
		if strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			verdict = append(verdict, line)
		} else {
			said = append(said, line)
		}
	}
	for _, line := range append(verdict, said...) {
		fmt.Fprint(r.out, line)
	}
	delete(r.output, t)
}

// printUnfinished prints what tests said that never ended: a panic, a time limit.
func (r *report) printUnfinished(pkg string) {
	for _, t := range r.order {
		if t.pkg == pkg {
			r.print(t)
		}
	}
}

// kindOf is what people call a test.
func kindOf(name string) string {
	for _, kind := range [][2]string{
		{"TestStories", "stories"}, {"TestDocker", "Docker tests"}, {"TestPodman", "Podman tests"}, {"TestTmux", "tmux tests"}, {"Fuzz", "fuzz inputs"},
	} {
		if strings.HasPrefix(name, kind[0]) {
			return kind[1]
		}
	}
	return "tests"
}

// where is what stands before the words of a test.
var where = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)

// reason is the first line of what a test said when it was skipped.
func reason(output []string) string {
	for _, line := range output {
		if text := where.ReplaceAllString(line, ""); text != line {
			return strings.TrimSpace(text)
		}
	}
	return "no reason given"
}

// skipped is the closing line: the largest number first.
func (r *report) skipped() string {
	if len(r.skips) == 0 {
		return "skipped: nothing"
	}
	var all []skip
	for s := range r.skips {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b skip) int {
		if n := r.skips[b] - r.skips[a]; n != 0 {
			return n
		}
		return strings.Compare(a.kind+a.reason, b.kind+b.reason)
	})
	var words []string
	for _, s := range all {
		words = append(words, fmt.Sprintf("%s, %s", counted(r.skips[s], s.kind), s.reason))
	}
	return "skipped: " + strings.Join(words, "; ")
}

// counted writes "21 Docker tests", "1 story".
func counted(n int, kind string) string {
	if n == 1 {
		kind = strings.TrimSuffix(kind, "s")
		if kind == "storie" {
			kind = "story"
		}
	}
	return fmt.Sprintf("%d %s", n, kind)
}
