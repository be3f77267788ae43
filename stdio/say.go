package stdio

import (
	"strings"
	"time"

	"sexton/proc"
	"sexton/stdio/framing"
)

// Say writes a line of our own to Err, if the level asks for it: the service's
// name, a colon, and the text; or the text alone when service is "". It is one line,
// whatever is in it: words of services, of processes and of the kernel stand in our lines,
// and none of them may fake a line or command a terminal (proc.Visible).
//
// It returns at once, whatever the state of Err. Up to 256 KiB wait to be written; when
// there is more, the oldest lines are dropped, and a line in their place tells how many.
func (m *Mux) Say(level Level, service, text string) {
	if service != "" {
		text = service + ": " + text
	}
	m.sayLine(level, proc.Visible(strings.TrimSuffix(text, "\n")), false)
}

// SayObject is Say where our lines are JSON: the object, which has no newline, is the
// line's members. Its text is its member "line", as everywhere. What is in its strings is
// the caller's to make visible.
func (m *Mux) SayObject(level Level, object string) { m.sayLine(level, object, true) }

func (m *Mux) sayLine(level Level, line string, object bool) {
	if level > m.options.Level {
		return
	}
	m.begin()
	f := m.ownFrame(m.err, m.options.Timestamps)
	if m.options.JSON {
		f = m.ownObjects(level, object)
	}
	m.own.say(&f, []byte(line+"\n"), level == Errors && m.err.color && !m.options.JSON)
}

// say cuts a text of ours and puts it into the queue, in red if it is a failure that a
// person sees. Colours are added here, behind proc.Visible, and count as text.
func (s *stream) say(f *framing.Frame, text []byte, red bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink.mux.stamp(f)
	var lines []byte
	var c Count
	if red {
		lines = f.RedLines(text)
		c = s.frame.Measure(lines, len(lines))
	} else {
		var n int
		lines, n = f.Lines(text)
		c = Count{Bytes: int64(len(text)), Lines: int64(n)}
	}
	s.account.in.add(c)
	s.queue.put(s, lines, c)
	s.sink.enqueue(s)
}

// FlushOwn waits until the lines of our own that were said before are written, at most for
// timeout, and reports whether they are.
func (m *Mux) FlushOwn(timeout time.Duration) bool {
	m.begin()
	before := m.own.account.now().In.Lines
	return m.wait(timeout, func() bool {
		now := m.own.account.now()
		return now.Out.Lines+now.Dropped.Lines >= before
	})
}
