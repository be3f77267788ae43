package stdio

import (
	"strings"
	"time"
)

// Say writes a line of our own to Err, if the level asks for it: the service's
// name, a colon, and the text; or the text alone when service is "". A text
// with newlines becomes several lines.
//
// It returns at once, whatever the state of Err. Up to 256 KiB wait to be
// written; when there is more, the oldest lines are dropped, and their number
// is said in their place.
//
// Where our lines are JSON, a text that is a JSON object, with service "", is the
// line's members.
func (m *Mux) Say(level Level, service, text string) {
	if level > m.options.Level {
		return
	}
	m.begin()
	if service != "" {
		text = service + ": " + text
	}
	text = strings.TrimSuffix(text, "\n") + "\n"
	m.own.say([]byte(text))
}

// say cuts a text of ours and puts it into the queue.
func (s *stream) say(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink.mux.stamp(&s.frame)
	lines, _, n, _ := s.frame.cut(make([]byte, 0, s.frame.framed(text)), text)
	c := Count{int64(len(text)), int64(n)}
	s.account.in.add(c)
	s.queue.put(s, lines, c)
	s.sink.enqueue(s)
}

// Flush waits until the lines of our own that were said before are written, at
// most for timeout, and tells whether they are.
func (m *Mux) Flush(timeout time.Duration) bool {
	m.begin()
	before := m.own.account.now().In.Lines
	return m.wait(timeout, func() bool {
		now := m.own.account.now()
		return now.Out.Lines+now.Dropped.Lines >= before
	})
}
