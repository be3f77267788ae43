package stdio

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Leftover tells what of one output of one service was not written, and will not be.
type Leftover struct {
	Service, Stream string

	Dropped Count // given up since the beginning: by Overflow Drop, or where writing failed
	Pending Count // read, but not written
	Unread  int64 // bytes still in the pipe
	Held    bool  // some process still has the other end of the pipe
	Piped   bool  // the pipe is another service's stdin, which did not read it
}

// Lost is how many bytes are lost.
func (l *Leftover) Lost() int64 { return l.Pending.Bytes + l.Unread + l.Dropped.Bytes }

// Flush is for our own end. It waits until every stream has ended and everything is
// written, our own lines included. It waits for stalled, and for longer while the output
// that there was at the beginning makes progress, but not for longer than most. From a
// stream that does not end, because a process still has it open, it takes everything,
// also a line without a newline. A stalled reader cannot hold it up. It returns the
// outputs that lost something, in the order of Accounts, and behind them what is left in
// pipelines.
//
// Flush closes nothing, and later output is still carried. One Flush at a time.
func (m *Mux) Flush(stalled, most time.Duration) []Leftover {
	m.begin()
	m.ending.Store(true)
	m.dropSpares()
	m.tails.finish(most, m.changed)
	last := min(stalled/5, 100*time.Millisecond)
	stalled -= last
	all, before := m.progress()
	quiet := m.wait(stalled, m.quiet)
	for left := most - last - stalled; !quiet && left > 0; left -= stalled {
		_, now := m.progress()
		if now == before || now >= all {
			break
		}
		before = now
		quiet = m.wait(min(stalled, left), m.quiet)
	}
	if !quiet {
		m.end()
		m.wait(last, m.ended)
	}
	return m.left()
}

// progress counts all bytes so far, those in the pipes included, and those that were
// written or dropped.
func (m *Mux) progress() (all, done int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.order {
		now := a.now()
		all += now.In.Bytes
		done += now.Out.Bytes + now.Dropped.Bytes
	}
	for _, s := range m.open {
		all += s.unread(false)
	}
	return all, done
}

// quiet reports whether all streams have ended and all is written.
func (m *Mux) quiet() bool {
	m.mu.Lock()
	open := len(m.open)
	m.mu.Unlock()
	return open == 0 && m.tails.quiet() && m.idle()
}

// end asks the streams that are still open for everything that is in them. It does not
// wait for a stream that is being read: a spill on a disk that hangs may hold it up.
func (m *Mux) end() {
	for _, s := range m.streams() {
		s.ending.Store(true)
		if s.queue == nil {
			s.wake()
		} else {
			go s.wake()
		}
	}
}

// ended reports whether the streams have given everything and it is written.
func (m *Mux) ended() bool {
	waits := func(s *stream) bool { return s.ending.Load() }
	return !slices.ContainsFunc(m.streams(), waits) && m.tails.quiet() && m.idle()
}

// idle reports whether no sink has anything to do.
func (m *Mux) idle() bool {
	return !slices.ContainsFunc(m.sinks(), func(k *sink) bool { return !k.idle() })
}

// sinks returns all of them.
func (m *Mux) sinks() []*sink {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []*sink{m.out, m.err}
	for _, k := range m.others {
		all = append(all, k)
	}
	return all
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

// left looks at what is left.
func (m *Mux) left() (all []Leftover) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := make(map[*account]*Leftover, len(m.order))
	for _, a := range m.order {
		now := a.now()
		left[a] = &Leftover{Service: a.service, Stream: a.stream, Dropped: now.Dropped, Pending: now.Pending()}
	}
	for _, s := range m.open {
		// The descriptor is not closed while it is in m.open and we hold m.mu.
		left[s.account].Unread += s.unread(true)
		if !hungUp(s.fd) {
			left[s.account].Held = true
		}
	}
	for _, a := range m.order {
		if one := left[a]; *one != (Leftover{Service: a.service, Stream: a.stream}) {
			all = append(all, *one)
		}
	}
	return slices.Concat(all, m.tails.left(), m.unread())
}

// hungUp reports whether no process has the other end of a pipe any more. We may not
// have read its end yet, when its destination is stalled.
func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLHUP != 0
}

// wait waits until done returns true, at most for timeout, and returns its last result.
// It calls done whenever something was written or has ended.
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

// changed wakes the callers of wait: something was written or has ended.
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
