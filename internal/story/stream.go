package story

import (
	"bytes"
	"errors"
	"os"
	"sync"
)

// news wakes all who wait for something to change. The zero value is not ready:
// use newNews.
type news struct {
	mu   sync.Mutex
	next chan struct{}
}

func newNews() *news { return &news{next: make(chan struct{})} }

// spread wakes all waiters.
func (n *news) spread() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.next)
	n.next = make(chan struct{})
}

// wait is closed at the next change after this call.
func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.next
}

// stream keeps all that came out of one descriptor.
type stream struct {
	name string
	news *news

	mu      sync.Mutex
	text    []byte
	ended   bool
	stalled chan struct{} // nil, or closed when reading may go on
}

// read takes all that comes from file until its end, and closes it.
func (s *stream) read(file *os.File) {
	defer file.Close()
	buf := make([]byte, 64<<10)
	for {
		s.mu.Lock()
		stalled := s.stalled
		s.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		n, err := file.Read(buf)
		s.mu.Lock()
		s.text = append(s.text, buf[:n]...)
		s.ended = err != nil // a terminal whose other side is closed says EIO
		s.mu.Unlock()
		s.news.spread()
		if err != nil {
			return
		}
	}
}

// stall makes the reader stop; a read that is under way still ends.
func (s *stream) stall() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled != nil {
		return errors.New("it is stalled already")
	}
	s.stalled = make(chan struct{})
	return nil
}

// resume makes the reader go on, if it was stalled.
func (s *stream) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled != nil {
		close(s.stalled)
		s.stalled = nil
	}
}

// seen is all that came so far, and whether more can come. The text is not to
// be changed.
func (s *stream) seen() (text []byte, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text[:len(s.text):len(s.text)], s.ended
}

// tail is the end of text, of at most so many lines and 8 KiB, in a form that
// can be printed under a headline.
func tail(text []byte, lines int) string {
	cut := false
	if len(text) > 8<<10 {
		text, cut = text[len(text)-8<<10:], true
	}
	if bytes.HasSuffix(text, []byte("\n")) {
		text = text[:len(text)-1]
	} else if len(text) > 0 {
		text = append(bytes.Clone(text), "<no newline>"...)
	}
	split := bytes.Split(text, []byte("\n"))
	if len(split) > lines {
		split, cut = split[len(split)-lines:], true
	}
	var out bytes.Buffer
	if cut {
		out.WriteString("\t...\n")
	}
	for _, l := range split {
		out.WriteString("\t")
		out.Write(l)
		out.WriteString("\n")
	}
	return out.String()
}

func (s *stream) isStalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stalled != nil
}
