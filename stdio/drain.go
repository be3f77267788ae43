package stdio

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Loss is what will not be written any more, or never was.
type Loss struct {
	Left []Left // the outputs with something to tell, in the order of Accounts
	Own  Count  // our own lines that were not written; never dropped ones, which were said
}

// None tells whether everything that was ever written by a service went out.
func (l Loss) None() bool { return len(l.Left) == 0 && l.Own.Lines == 0 }

// Left is what is missing of one output of one service.
type Left struct {
	Service, Stream string

	Dropped Count // given up since the beginning: by Overflow Drop, or where writing failed
	Pending Count // read, but not written
	Unread  int64 // bytes still in the pipe
	Held    bool  // some process still has the other end of the pipe
}

// Drain is for our own end. It waits until every stream has come to its end and
// everything is written, our own lines included, but at most for timeout. When
// there are streams that do not end, because a process still holds them, it
// takes what is in them, lines without a newline too. A stalled reader cannot
// hold it up. What could not be written is in the Loss.
//
// Nothing is closed, and what comes later is still carried. One Drain at a time.
func (m *Mux) Drain(timeout time.Duration) Loss {
	m.begin()
	last := min(timeout/5, 100*time.Millisecond)
	if !m.wait(timeout-last, m.quiet) {
		m.end()
		m.wait(last, m.ended)
	}
	return m.loss()
}

// quiet tells whether everything has come to its end.
func (m *Mux) quiet() bool {
	m.mu.Lock()
	open := len(m.open)
	m.mu.Unlock()
	return open == 0 && m.out.idle() && m.err.idle()
}

// end asks the streams that are still open for what they have.
func (m *Mux) end() {
	for _, s := range m.streams() {
		s.ending.Store(true)
		s.wake()
	}
}

// ended tells whether they have given it and it is written.
func (m *Mux) ended() bool {
	waits := func(s *stream) bool { return s.ending.Load() }
	return !slices.ContainsFunc(m.streams(), waits) && m.out.idle() && m.err.idle()
}

// streams returns the open ones.
func (m *Mux) streams() []*stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]*stream, 0, len(m.open))
	for _, s := range m.open {
		all = append(all, s)
	}
	return all
}

// loss looks at what is left.
func (m *Mux) loss() Loss {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := make(map[*account]*Left, len(m.order))
	for _, a := range m.order {
		now := a.now()
		left[a] = &Left{Service: a.service, Stream: a.stream, Dropped: now.Dropped, Pending: now.Pending()}
	}
	for fd, s := range m.open {
		// The descriptor is not closed while it is in m.open and we hold m.mu.
		unread, _ := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
		left[s.account].Unread += int64(unread)
		left[s.account].Held = true
	}
	own := m.own.account.now()
	l := Loss{Own: own.Pending()}
	for _, a := range m.order {
		if one := left[a]; *one != (Left{Service: a.service, Stream: a.stream}) {
			l.Left = append(l.Left, *one)
		}
	}
	return l
}

// wait waits until done is true, at most for timeout, and returns what it is
// then. done is asked whenever something was written or has ended.
func (m *Mux) wait(timeout time.Duration, done func() bool) bool {
	news := make(chan struct{}, 1)
	m.mu.Lock()
	m.watchers = append(m.watchers, news)
	m.mu.Unlock()
	m.watching.Add(1)
	defer m.unwatch(news)
	timer := time.NewTimer(max(0, timeout))
	defer timer.Stop()
	for !done() {
		select {
		case <-news:
		case <-timer.C:
			return done()
		}
	}
	return true
}

func (m *Mux) unwatch(news chan struct{}) {
	m.watching.Add(-1)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers = slices.DeleteFunc(m.watchers, func(c chan struct{}) bool { return c == news })
}

// changed wakes those who wait for something to be written or to end.
func (m *Mux) changed() {
	if m.watching.Load() == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, news := range m.watchers {
		select {
		case news <- struct{}{}:
		default:
		}
	}
}
