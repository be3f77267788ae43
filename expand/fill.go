package expand

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Fault is one thing that is wrong with a text, or with what is filled in. It never contains a variable's value.
type Fault struct {
	Start, End int    // in the text, in bytes
	Name       string // the variable that is not set, or has no integer; "": the text itself is wrong
	Missing    bool   // the variable is not set, or empty where that is not enough
	Text       string // what is wrong
	Mend       string // how to fix it; may be empty
}

// Error is the fault in one line.
func (f Fault) Error() string {
	if f.Mend == "" {
		return f.Text
	}
	return f.Text + "; " + f.Mend
}

// Lookup gives a variable's value, and whether it is set.
type Lookup func(name string) (value string, set bool)

// Fill is the text with its variables, at most most bytes of it. With faults the result is not to be used.
func (t Template) Fill(lookup Lookup, most int) (string, []Fault) {
	if len(t.parts) == 1 && t.parts[0].kind == literal && len(t.parts[0].text) <= most {
		return t.parts[0].text, nil
	}
	var b strings.Builder
	faults := t.Write(lookup, most, func(piece string) { b.WriteString(piece) })
	return b.String(), faults
}

// Write gives the text with its variables to put, piece by piece, at most most bytes of it. Values reach put as lookup
// returns them and are not copied. With faults what was put is not to be used.
func (t Template) Write(lookup Lookup, most int, put func(piece string)) []Fault {
	f := filling{lookup: lookup, left: most, most: most, put: put}
	f.fill(t.parts)
	return f.faults
}

// filling is one call of Write.
type filling struct {
	lookup     Lookup
	left, most int // bytes that may still be put, and at the beginning
	put        func(string)
	faults     []Fault
}

func (f *filling) fill(parts []part) {
	for i := range parts {
		if f.left < 0 {
			return
		}
		f.part(&parts[i])
	}
}

func (f *filling) part(p *part) {
	switch p.kind {
	case literal:
		f.write(p, p.text)
		return
	case sum:
		if total, ok := f.sum(p); ok {
			f.write(p, strconv.FormatInt(total, 10))
		}
		return
	}
	value, set := f.lookup(p.text)
	full := set && value != ""
	switch p.kind {
	case variable:
		if !set {
			f.missing(p, fmt.Sprintf("the variable %s is not set", p.text))
		}
		f.write(p, value)
	case orDefault:
		f.either(full, p, value)
	case orDefaultUnset:
		f.either(set, p, value)
	case required:
		f.demand(full, set, p, value)
	case requiredUnset:
		f.demand(set, set, p, value)
	case ifSet:
		if full {
			f.fill(p.words)
		}
	case ifSetUnset:
		if set {
			f.fill(p.words)
		}
	}
}

// either writes the value, or the default.
func (f *filling) either(good bool, p *part, value string) {
	if good {
		f.write(p, value)
	} else {
		f.fill(p.words)
	}
}

// demand writes the value, or reports that it is missing, with the message of the text.
func (f *filling) demand(good, set bool, p *part, value string) {
	if good {
		f.write(p, value)
		return
	}
	text := fmt.Sprintf("the variable %s is not set", p.text)
	if set {
		text = fmt.Sprintf("the variable %s is empty", p.text)
	}
	if message := strings.TrimSpace(p.words[0].text); message != "" {
		text += ": " + message
	}
	f.missing(p, text)
}

// write puts a piece. The fault of a result that is too long comes once.
func (f *filling) write(p *part, piece string) {
	if f.left -= len(piece); f.left < 0 {
		f.fault(Fault{Start: p.start, End: p.end, Text: fmt.Sprintf("the text with its variables is longer than %d bytes", f.most)})
		return
	}
	if piece != "" {
		f.put(piece)
	}
}

// sum adds the terms of a sum.
func (f *filling) sum(p *part) (total int64, ok bool) {
	ok = true
	for i := range p.words {
		term := &p.words[i]
		n, good := f.term(&term.words[0])
		if !good {
			ok = false
			continue
		}
		if term.kind == minus {
			if good = n != math.MinInt64; good {
				n = -n
			}
		}
		if !good || n > 0 && total > math.MaxInt64-n || n < 0 && total < math.MinInt64-n {
			f.fault(Fault{Start: p.start, End: p.end, Text: "the sum is larger than 64 bits"})
			return 0, false
		}
		total += n
	}
	return total, ok
}

// term is the integer that a term of a sum stands for.
func (f *filling) term(p *part) (int64, bool) {
	var b strings.Builder
	const most = 64 // no integer is longer
	inner := filling{lookup: f.lookup, left: most, most: most, put: func(piece string) { b.WriteString(piece) }}
	inner.part(p)
	if len(inner.faults) > 0 && inner.left >= 0 {
		for _, fault := range inner.faults {
			f.fault(fault)
		}
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(b.String()), 10, 64)
	if err == nil && inner.left >= 0 {
		return n, true
	}
	fault := Fault{Start: p.start, End: p.end, Text: "a term of the sum is not an integer"}
	if p.kind != literal {
		fault.Name, fault.Text = p.text, fmt.Sprintf("the variable %s is not an integer", p.text)
	}
	f.fault(fault)
	return 0, false
}

func (f *filling) missing(p *part, text string) {
	mend := fmt.Sprintf("set it, or give a default: ${%s:-default}", p.text)
	if p.end-p.start == len("$")+len(p.text) { // it may have been meant as a dollar sign
		mend += "; for a dollar sign write $$"
	}
	f.fault(Fault{Start: p.start, End: p.end, Name: p.text, Missing: true, Text: text, Mend: mend})
}

func (f *filling) fault(fault Fault) {
	if len(f.faults) < maxFaults {
		f.faults = append(f.faults, fault)
	}
}
