package main

import (
	"bytes"
	"fmt"
)

// A line of the workers, 120 bytes with its newline:
//
//	id=007 seq=0000012345 xxx...xxx.
//
// Nothing in it needs an escape in JSON.
const (
	lineBytes = 120
	textBytes = lineBytes - 1
	seqAt     = len("id=000 seq=")
	seqDigits = 10
)

var (
	lineStart = []byte("id=")
	filler    = bytes.Repeat([]byte("x"), textBytes-seqAt-seqDigits-2)
)

func appendLine(to []byte, id, seq int) []byte {
	to = fmt.Appendf(to, "id=%03d seq=%010d ", id, seq)
	return append(append(to, filler...), ".\n"...)
}

// audit compares what came out with what went in. Lines of one writer must come
// whole, each once and in their order; anything may stand before and after the
// writer's text in a line (a name, a time, JSON).
type audit struct {
	whole   int
	torn    int         // lines with a part of a text, or with more than one
	missing int         // lines that had not come when a later one of their writer came
	late    int         // lines that came after a later one, or a second time
	next    map[int]int // the next line of each writer, by its id
}

func newAudit() *audit { return &audit{next: map[int]int{}} }

// line takes one line, without its newline. Lines with nothing of a writer's in
// them, the supervisor's own, do not count.
func (a *audit) line(line []byte) {
	at := bytes.Index(line, lineStart)
	if at < 0 || len(line)-at < textBytes {
		if at >= 0 || bytes.Contains(line, []byte("xxxx")) || bytes.HasSuffix(line, []byte("x.")) {
			a.torn++
		}
		return
	}
	text, after := line[at:at+textBytes], line[at+textBytes:]
	id, okID := decimal(text[3:6])
	seq, okSeq := decimal(text[seqAt : seqAt+seqDigits])
	rest := text[seqAt+seqDigits:]
	if !okID || !okSeq || rest[0] != ' ' || !bytes.Equal(rest[1:len(rest)-1], filler) || rest[len(rest)-1] != '.' ||
		bytes.Contains(after, lineStart) {
		a.torn++
		return
	}
	a.whole++
	if next := a.next[id]; seq < next {
		a.late++
	} else {
		a.missing += seq - next
		a.next[id] = seq + 1
	}
}

// lost is how many of a single writer's lines did not come, or not in order.
func (a *audit) lost(count int) int { return a.missing + a.late + max(0, count-a.next[0]) }

// all takes every line of text and returns what follows the last newline.
func (a *audit) all(text []byte) []byte {
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return text
		}
		a.line(text[:end])
		text = text[end+1:]
	}
}

// decimal reads digits. It is called for each line of a burst: no strconv, which
// wants a string.
func decimal(digits []byte) (n int, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
