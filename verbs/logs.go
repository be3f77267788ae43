package verbs

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

// Log is some lines that a service wrote to one of its outputs, or, with a Note, a remark of ours in
// their place.
type Log struct {
	Time    string   `json:"time"` // when they were read, in UTC, as RFC 3339 has it
	Service string   `json:"service,omitempty"`
	Stream  string   `json:"stream,omitempty"`
	Lines   []string `json:"lines,omitempty"`
	Note    string   `json:"note,omitempty"`
}

// written is lines before they become a Log.
type written struct {
	service, stream string
	at              time.Time
	lines           []string
	begun           []byte // of a line that has no end yet
}

// wireTime is a moment on the wire.
func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// note is a remark of ours.
func note(text string) Reply { return Reply{Log: &Log{Time: wireTime(time.Now()), Note: text}} }

// Tap follows the output of services for one client.
type Tap interface {
	// Next waits for output and returns it, and how much was dropped after it for this client. ok is
	// false when ctx is done.
	Next(ctx context.Context) (pieces []service.Piece, droppedLines, droppedBytes int64, ok bool)
	Close()
}

// The pace of what follows live. Making JSON of output takes processor time from PID 1, which carries the
// output: a service that writes 100 MB/s must not become slower because a person looks on.
const (
	liveBytesPerSecond = 2 << 20
	liveStep           = 20 * time.Millisecond // output that comes within this time goes out together
	logLineBytes       = 64 << 10              // a longer line is cut
	logLines           = 500                   // in one reply
)

// logs answers with recent lines, then with those to come.
func logs(ctx context.Context, e *exchange) error {
	names, now, err := e.targets(ctx)
	switch {
	case err != nil:
		return err
	case e.Tap == nil:
		return fmt.Errorf("this sexton carries no output")
	}
	backlog, tap := e.Tap(names)
	defer tap.Close()
	if err := e.noteSilent(names, &now.Report); err != nil {
		return nil
	}
	lines := &liner{open: make(map[string]*written)}
	for _, piece := range backlog {
		lines.add(piece)
	}
	if err := e.sendAll(recent(lines.take(!e.request.Follow), e.request)); err != nil || !e.request.Follow {
		return nil
	}
	for {
		pieces, droppedLines, droppedBytes, ok := tap.Next(ctx)
		if !ok {
			return nil
		}
		size := 0
		for _, piece := range pieces {
			lines.add(piece)
			size += len(piece.Text)
		}
		if e.sendAll(lines.take(false)) != nil {
			return nil
		}
		if droppedBytes > 0 && e.send(note(fmt.Sprintf("%s (%s) came too fast for this client and are missing here", service.Counted(int(droppedLines), "line"), bytesText(droppedBytes)))) != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(liveStep, time.Duration(size)*time.Second/liveBytesPerSecond)):
		}
	}
}

// noteSilent says of which services there will be nothing.
func (e *exchange) noteSilent(names []string, r *service.Report) error {
	if e.Carries == nil {
		return nil
	}
	for i := range r.Services {
		s := &r.Services[i]
		if s.External || names == nil || !slices.Contains(names, s.Name) {
			continue
		}
		if why := e.Carries(s.Name); why != "" {
			if err := e.send(note(s.Name + ": " + why)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendAll sends logs, several lines of one output together.
func (e *exchange) sendAll(all []written) error {
	for i := range all {
		w := &all[i]
		for _, lines := range chunks(w.lines) {
			if err := e.send(Reply{Log: &Log{Time: wireTime(w.at), Service: w.service, Stream: w.stream, Lines: lines}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunks cuts lines so that a reply has a bounded size.
func chunks(lines []string) (all [][]string) {
	for len(lines) > 0 {
		n, size := 0, 0
		for n < len(lines) && n < logLines && size <= logLineBytes {
			size += len(lines[n])
			n++
		}
		all = append(all, lines[:n])
		lines = lines[n:]
	}
	return all
}

// liner makes lines of pieces.
type liner struct {
	all  []written
	open map[string]*written // the beginning of a line, by service and stream
}

func (l *liner) add(p service.Piece) {
	key := p.Service + "\x00" + p.Stream
	now := written{service: p.Service, stream: p.Stream, at: p.At}
	text := p.Text
	if begun := l.open[key]; begun != nil {
		now.at, text = begun.at, slices.Concat(begun.begun, text)
		delete(l.open, key)
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if end > 0 {
		now.lines = linesOf(text[:end-1])
		l.put(now)
	}
	if rest := text[end:]; len(rest) > 0 {
		now.at, now.lines, now.begun = p.At, nil, slices.Clone(rest)
		l.open[key] = &now
		if len(rest) > logLineBytes {
			l.close(key)
		}
	}
}

// put adds lines, to those before them if they belong together.
func (l *liner) put(w written) {
	if n := len(l.all); n > 0 && l.all[n-1].service == w.service && l.all[n-1].stream == w.stream && l.all[n-1].at.Equal(w.at) {
		l.all[n-1].lines = append(l.all[n-1].lines, w.lines...)
		return
	}
	l.all = append(l.all, w)
}

func linesOf(text []byte) []string {
	lines := strings.Split(strings.ToValidUTF8(string(text), "\ufffd"), "\n")
	for i, line := range lines {
		if len(line) > logLineBytes {
			lines[i] = strings.ToValidUTF8(line[:logLineBytes], "") + " ..."
		}
	}
	return lines
}

// close puts out the beginning of a line.
func (l *liner) close(key string) {
	one := l.open[key]
	delete(l.open, key)
	one.lines, one.begun = linesOf(one.begun), nil
	l.put(*one)
}

// take returns the lines so far, with last also those without an end.
func (l *liner) take(last bool) []written {
	if last {
		for _, key := range slices.Sorted(maps.Keys(l.open)) {
			l.close(key)
		}
	}
	all := l.all
	l.all = nil
	return all
}

// recent are those lines that the request asks for: of each service so many, and no older ones.
func recent(all []written, r *Request) (wanted []written) {
	since := time.Time{}
	if r.Since > 0 {
		since = time.Now().Add(-time.Duration(min(r.Since, maxSince) * float64(time.Second)))
	}
	left := make(map[string]int)
	for _, one := range slices.Backward(all) {
		if one.at.Before(since) {
			continue
		}
		if r.Lines != nil {
			n, known := left[one.service]
			if !known {
				n = max(0, *r.Lines)
			}
			one.lines = one.lines[max(0, len(one.lines)-n):]
			left[one.service] = n - len(one.lines)
		}
		wanted = append(wanted, one)
	}
	slices.Reverse(wanted)
	return wanted
}

// maxSince is the largest age in seconds that is a length of time.
const maxSince = 9e9

// text is the lines as the container's own log has them.
func (l *Log) text(p *Page) (string, int) {
	if l.Note != "" {
		return fmt.Sprintf("%-*s | %s\n", p.Name, "sexton", l.Note), 0
	}
	var b strings.Builder
	for _, line := range l.Lines {
		fmt.Fprintf(&b, "%-*s | %s\n", p.Name, l.Service, line)
	}
	return b.String(), 0
}
