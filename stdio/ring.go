package stdio

import (
	"bytes"
	"sync"
	"time"
)

var newline = []byte("\n")

// ring keeps the latest output of one service as it was written: its bytes,
// whole lines but for the first and the last. It takes no memory until there is
// something, and grows to its limit as it is needed.
type ring struct {
	limit int

	mu    sync.Mutex // held while bytes are copied
	data  []byte
	first int     // where the oldest byte stands once data is full
	open  *stream // the stream that has a line without a newline at the end; nil: none

	total int64  // bytes that were ever put
	marks []mark // where what is in data came from, oldest first
	taps  []*Tap // which follow what comes
	name  string // of the service, when there are taps
}

// add puts bytes of s behind the others.
func (r *ring) add(s *stream, b []byte) {
	if r == nil || len(b) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open != nil && r.open != s {
		r.put(newline)
	}
	now := time.Now().UnixMilli()
	r.mark(s.which(), now)
	for _, t := range r.taps {
		t.put(r.name, s.which(), now, b)
	}
	r.put(b)
	if r.open = nil; b[len(b)-1] != '\n' {
		r.open = s
	}
}

// put adds bytes over the oldest. The caller holds r.mu.
func (r *ring) put(b []byte) {
	r.total += int64(len(b))
	if len(b) >= r.limit {
		r.data, r.first = append(r.data[:0], b[len(b)-r.limit:]...), 0
		return
	}
	n := min(len(b), r.limit-len(r.data))
	r.data = append(r.data, b[:n]...)
	for b = b[n:]; len(b) > 0; b = b[n:] {
		n = copy(r.data[r.first:], b)
		r.first = (r.first + n) % r.limit
	}
}

// lines returns the last n lines, oldest first; all for n < 0.
func (r *ring) lines(n int) [][]byte {
	r.mu.Lock()
	all := append(bytes.Clone(r.data[r.first:]), r.data[:r.first]...)
	full := len(r.data) == r.limit
	r.mu.Unlock()
	all = bytes.TrimSuffix(all, newline)
	if len(all) == 0 || n == 0 {
		return nil
	}
	lines := bytes.Split(all, newline)
	if full && len(lines) > 1 {
		lines = lines[1:] // its beginning was overwritten
	}
	if n > 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return lines
}

// Recent returns the last n lines that a service wrote, to stdout and stderr
// alike, without their newlines, oldest first; all that are kept for n < 0. The
// last one may not have ended. There are none of a service with output that does not
// come through us (Inherit), or with a service.Log.Recent of 0. The lines are the
// caller's.
func (m *Mux) Recent(service string, n int) [][]byte {
	m.mu.Lock()
	r := m.rings[service]
	m.mu.Unlock()
	if r == nil {
		return nil
	}
	return r.lines(n)
}

// ringOf finds or makes the ring of a service; it keeps nothing for limit 0. The caller holds
// m.mu.
func (m *Mux) ringOf(service string, limit int) *ring {
	r := m.rings[service]
	if r == nil {
		r = &ring{limit: limit}
		if m.rings == nil {
			m.rings = make(map[string]*ring)
		}
		m.rings[service] = r
		m.tap(service, r)
	}
	return r
}
