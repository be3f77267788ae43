package cron

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// field is one of the five fields.
type field struct {
	name        string
	least, most int
	names       []string // for the numbers from least on; nil: there are none
}

var fields = [5]field{
	{name: "minute", least: 0, most: 59},
	{name: "hour", least: 0, most: 23},
	{name: "day of month", least: 1, most: 31},
	{name: "month", least: 1, most: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of week", least: 0, most: 7, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"}},
}

// all are the bits of every value.
func (f field) all() uint64 { return f.span(f.least, f.most, 1) }

func (f field) span(from, to, step int) (bits uint64) {
	for n := from; n <= to; n += step {
		bits |= 1 << n
	}
	return bits
}

// parse reads a comma-separated list of *, N, N-M, each perhaps with /STEP behind it.
func (f field) parse(word string) (bits uint64, err error) {
	for part := range strings.SplitSeq(word, ",") {
		some, err := f.parsePart(part)
		if err != nil {
			return 0, err
		}
		bits |= some
	}
	return bits, nil
}

func (f field) parsePart(part string) (uint64, error) {
	what, stepText, steps := strings.Cut(part, "/")
	step := 1
	if steps {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.most-f.least+1 {
			return 0, fmt.Errorf("the step %q is not a number from 1 to %d", stepText, f.most-f.least+1)
		}
		step = n
	}
	if what == "*" || what == "?" {
		return f.span(f.least, f.most, step), nil
	}
	low, high, ranges := strings.Cut(what, "-")
	from, err := f.value(low)
	if err != nil {
		return 0, err
	}
	to := from
	switch {
	case ranges:
		if to, err = f.value(high); err != nil {
			return 0, err
		}
		if to == 0 && from > 0 && f.most == 7 { // fri-sun
			to = 7
		}
	case steps: // 5/15 is 5-59/15
		to = f.most
	}
	if from > to {
		return 0, fmt.Errorf("%s runs backwards: write %s-%d,%d-%s", what, low, f.most, f.least, high)
	}
	return f.span(from, to, step), nil
}

// value reads a number or a name.
func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.least + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err == nil && text[0] >= '0' && text[0] <= '9' && n >= f.least && n <= f.most {
		return n, nil
	}
	want := fmt.Sprintf("from %d to %d", f.least, f.most)
	if f.names != nil {
		want += ", or a name such as " + f.names[1]
	}
	if text == "" {
		return 0, errors.New("a number is missing: write one " + want)
	}
	return 0, fmt.Errorf("%q is not a number %s", text, want)
}
