package stdio

import (
	"sync"

	"golang.org/x/sys/unix"

	"sexton/service"
	"sexton/stdio/destination"
	"sexton/stdio/framing"
)

// sink is one destination with the streams that have something for it. While there are
// any, one goroutine serves them in turn (work). It alone writes to the destination, so
// lines are never mixed, and it alone waits when the destination takes no more.
type sink struct {
	mux     *Mux
	to      destination.Destination
	name    string
	color   bool
	file    *destination.File // the same as to; nil: it is none
	syslog  bool              // to is a syslog daemon
	places  places            // work needs one of them; nil: it has a thread to itself
	closing *stream           // an empty one, whose turn has the sink close the file
	away    *detour           // where lines go while the file must not be opened

	mu          sync.Mutex // held for a few instructions only
	first, last *stream    // the streams to serve, oldest first
	working     bool       // work runs

	// What follows belongs to work.
	unfinished *stream // see batch
	state      state   // of the last write
	lost       Count   // by writes that failed, since the last one that did not
	detoured   Count   // to stdout, since then
}

// state is what became of the last write.
type state uint8

const (
	works   state = iota
	fails         // what was to be written is lost
	refuses       // it went to stdout
)

// enqueue has the stream served. It does not matter if it is waiting already,
// or being served at the moment.
func (k *sink) enqueue(s *stream) {
	k.mu.Lock()
	if s.listed {
		s.again = true
	} else {
		s.listed = true
		k.push(s)
	}
	start := !k.working
	k.working = true
	k.mu.Unlock()
	if start {
		go k.work()
	}
}

// push puts a stream at the end of the list. The caller holds k.mu.
func (k *sink) push(s *stream) {
	if s.following = nil; k.first == nil {
		k.first = s
	} else {
		k.last.following = s
	}
	k.last = s
}

// pop takes the first stream from the list, or returns nil. If that is for
// good, the goroutine that calls is at its end.
func (k *sink) pop(forGood bool) *stream {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.first
	if s != nil {
		k.first = s.following
	} else if forGood {
		k.working = false
	}
	return s
}

// idle tells whether there is nothing to do.
func (k *sink) idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.working
}

// work serves the streams of the list, each for one read at a time, until
// there are none. What several of them have is written together.
func (k *sink) work() {
	k.places.take()
	defer k.places.giveBack()
	b := k.mux.batches.borrow(k, outBytes, k.unfinished)
	for {
		s := k.pop(false)
		if s == nil && len(b.out) > 0 {
			b.flush()
			continue
		}
		if s == nil {
			k.unfinished = b.unfinished
			if k.file != nil {
				k.file.CloseIfAsked()
			}
			if s = k.pop(true); s == nil {
				break
			}
		}
		k.putBack(s, s.serve(b))
		k.places.yield()
	}
	k.mux.batches.giveBack(b)
	k.mux.changed()
}

// putBack decides what becomes of a stream after its turn.
func (k *sink) putBack(s *stream, t turn) {
	k.mu.Lock()
	s.listed = t != over && (t == more || s.again)
	s.again = false
	if s.listed {
		k.push(s)
	}
	arm := t == wait && !s.listed && s.queue == nil
	k.mu.Unlock()
	if arm {
		s.arm()
	}
}

// take writes a batch, and tells every stream what became of its part. What a
// file refuses goes to stdout.
func (k *sink) take(b *batch) {
	n, err := destination.Write(k.to, b.out, k.await)
	away := k.file != nil && refused(err) != nil
	var lost Count
	for i := range b.parts {
		p := &b.parts[i]
		if p.end <= n {
			if p.stream != nil {
				p.stream.account.out.add(p.Count)
			}
			continue
		}
		rest := p.Count
		if p.stream != nil {
			out := p.stream.look().Measure(b.out[p.begin:p.end], max(0, n-p.begin))
			rest = Count{Bytes: p.Bytes - out.Bytes, Lines: p.Lines - out.Lines}
			p.stream.account.out.add(out)
		}
		switch {
		case away:
			k.away.put(p.stream, b.out[max(n, p.begin):p.end], rest)
		case p.stream != nil:
			p.stream.account.dropped.add(rest)
		}
		lost.Add(rest)
	}
	switch {
	case err == nil:
	case n == 0:
		b.unfinished = b.before
	case b.out[n-1] == '\n':
		b.unfinished = nil
	default:
		b.unfinished = torn
	}
	k.report(err, lost)
	if away {
		k.away.wait(k.places)
	}
	k.mux.changed()
}

// report says, once, that writing fails, and when it works again, what was
// lost meanwhile.
func (k *sink) report(err error, lost Count) {
	refused := refused(err)
	switch {
	case refused != nil:
		k.detoured.Add(lost)
	case err != nil:
		k.lost.Add(lost)
	}
	now := works
	switch {
	case refused != nil:
		now = refuses
	case err != nil:
		now = fails
	}
	if now == k.state {
		return
	}
	k.state = now
	switch now {
	case refuses:
		k.mux.Say(Errors, "", k.name+" is not opened: "+refused.Why+", and "+refused.Shared.Who+" can write to "+refused.Shared.Dir+
			", so it may be a trap for sexton; output for it goes to stdout until that changes")
	case fails:
		k.mux.Say(Errors, "", "cannot write to "+k.name+": "+err.Error()+
			"; output for it is counted and dropped until writing works again")
	case works:
		text := k.name + " works again"
		if k.detoured.Bytes > 0 {
			text += "; written to stdout meanwhile: " + k.detoured.String()
		}
		if k.lost.Bytes > 0 || k.detoured.Bytes == 0 {
			text += "; dropped meanwhile: " + k.lost.String()
		}
		k.mux.Say(Normal, "", text)
		k.lost, k.detoured = Count{}, Count{}
	}
}

// sinkOf is where an output goes.
func (m *Mux) sinkOf(log *service.Log, which string) *sink {
	switch to := log.To(which == Stderr); {
	case to.File.Path != "":
		return m.other(to.File.Path, func(k *sink) {
			k.file = m.destinations.File(destination.LogFile(to.File))
			k.to, k.closing, k.away = k.file, &stream{sink: k, fd: -1}, newDetour(m, m.out)
		})
	case to.Syslog != "":
		return m.other(to.Syslog, func(k *sink) {
			k.to, k.syslog = destination.NewSyslog(to.Syslog, framing.Message), true
		})
	}
	return m.plainSink(which)
}

// plainSink is our stdout or stderr.
func (m *Mux) plainSink(which string) *sink {
	if which == Stderr {
		return m.err
	}
	return m.out
}

// other finds the sink of a name, or makes one.
func (m *Mux) other(name string, prepare func(*sink)) *sink {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.others[name]
	if k == nil {
		k = &sink{mux: m, name: name}
		prepare(k)
		if m.places == nil {
			m.places = make(places, mostPlaces)
		}
		k.places = m.places
		if m.others == nil {
			m.others = make(map[string]*sink)
		}
		m.others[name] = k
	}
	return k
}

// Reopen closes all files that services log to. The next line opens each of
// them again by its name: for a program that renames them. It returns at once.
func (m *Mux) Reopen() {
	m.begin()
	for _, k := range m.sinks() {
		if k.file != nil { // its sink closes it, behind the write that it is in
			k.file.Reopen()
			k.enqueue(k.closing)
		}
	}
}

// sameFile tells whether two descriptors are of the same file, terminal, pipe
// or socket.
func sameFile(a, b int) bool {
	var x, y unix.Stat_t
	return a == b || unix.Fstat(a, &x) == nil && unix.Fstat(b, &y) == nil && x.Dev == y.Dev && x.Ino == y.Ino
}
