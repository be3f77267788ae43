package stdio

import (
	"bytes"
	"sync"
	"time"
)

// lastLine keeps the end of what one run writes, for a message about its failure.
type lastLine struct {
	mu       sync.Mutex
	tail     []byte
	accounts []*account    // of the streams that feed it
	open     int           // how many of them have not ended
	ended    chan struct{} // closed when the last of them has ended
}

// lastLineBytes is how much of the end is kept.
const lastLineBytes = 4 << 10

func (l *lastLine) add(b []byte) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, b[max(0, len(b)-lastLineBytes):]...)
	l.tail = l.tail[max(0, len(l.tail)-lastLineBytes):]
}

// begin notes one more stream.
func (l *lastLine) begin(a *account) {
	if l != nil {
		l.open++
		l.accounts = append(l.accounts, a)
	}
}

// end notes that a stream has ended.
func (l *lastLine) end() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open--; l.open == 0 {
		close(l.ended)
	}
}

// LastLine returns the last line that is not empty of what the run wrote, without blanks around
// it, as soon as all of its output has been written, and after most with what has been read by
// then. Only of a Source with KeepLast whose pipes are its own. It uses no thread while it
// waits.
func (p *Pipes) LastLine(most time.Duration) string {
	l := p.last
	if l == nil {
		return ""
	}
	by := time.Now().Add(most)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-l.ended:
		for l.pending() && time.Now().Before(by) {
			time.Sleep(time.Millisecond)
		}
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	text := bytes.TrimSpace(l.tail)
	return string(bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:]))
}

// pending tells whether something that was read is not written yet.
func (l *lastLine) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.accounts {
		if a.now().Pending().Bytes > 0 {
			return true
		}
	}
	return false
}
