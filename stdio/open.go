package stdio

import (
	"fmt"

	"golang.org/x/sys/unix"

	"sexton/pattern"
	"sexton/service"
)

const (
	dropQueueBytes = 256 << 10
	dropChunkBytes = 32 << 10
)

// Source is one run of a service, and how to treat its output. All but Service may be
// zero. Log.Format Inherit is for the caller: here it means Prefix, as AutoFormat does.
type Source struct {
	Service string
	Run     service.Run
	Log     service.Log

	// ErrOnly is for a service with its stdout elsewhere: Pipes.Out is -1.
	ErrOnly bool

	// Terminal makes a pseudo-terminal instead of pipes: both outputs are one, and
	// have the account of Stdout. Not with ErrOnly.
	Terminal bool

	// KeepLast keeps the last line for Pipes.LastLine.
	KeepLast bool

	join *pattern.Pattern
	pid  int // of the run's first process, once it is known
}

// Pipes are the ends that the child of one run gets for its descriptors 1 and 2. They are
// blocking and close-on-exec. With Log.OneStream or Terminal both are the same; a
// terminal can be read as well, but nothing ever comes.
type Pipes struct {
	Out, Err int

	mux    *Mux
	last   *lastLine // nil: not asked for
	waking []*stream // streams with the PID on their lines, until it is known
}

// Open makes the pipes of one run, and begins to carry what comes through them. An error
// means that descriptors or memory are lacking; then nothing stays open. After the spawn
// the caller calls Started and Close. Where lines bear the PID, nothing is read before
// Started.
func (m *Mux) Open(o Source) (*Pipes, error) {
	m.begin()
	p := &Pipes{Out: -1, Err: -1, mux: m}
	if o.KeepLast {
		p.last = &lastLine{ended: make(chan struct{})}
	}
	var err error
	if o.Log.Join != "" {
		if o.join, err = pattern.Compile(o.Log.Join); err != nil {
			return nil, fmt.Errorf("log.join of %s: %w", o.Service, err)
		}
	}
	if o.Terminal {
		if p.Out, err = m.terminal(&o, p); err != nil {
			return nil, fmt.Errorf("cannot make its terminal: %w", err)
		}
		p.Err = p.Out
		return p, nil
	}
	if !o.ErrOnly {
		p.Out, err = m.pipe(&o, p, Stdout)
	}
	if p.Err = p.Out; err == nil && (o.ErrOnly || !o.Log.OneStream) {
		p.Err, err = m.pipe(&o, p, Stderr)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("cannot open pipes for the output of %s: %w", o.Service, err)
	}
	return p, nil
}

// Started sets the PID of the run's first process, 0 if there is none. A second call
// does nothing.
func (p *Pipes) Started(pid int) {
	m := p.mux
	for _, s := range p.waking {
		s.reading.Lock()
		if n := len(s.starts); n > 0 {
			s.starts[n-1].pid, s.starts[n-1].waits = pid, false
		}
		s.reading.Unlock()
		m.mu.Lock()
		if m.open[s.pipe] == s { // then its descriptor is not closed yet
			m.poller.arm(int(s.pipe))
		}
		m.mu.Unlock()
	}
	p.waking = nil
}

// Close closes our copies of the ends. The caller calls it when the child has its own
// copies, or when there will be no child: then no process has the ends, and the streams
// end. A second call does nothing.
func (p *Pipes) Close() {
	p.Started(0)
	if p.Err >= 0 && p.Err != p.Out {
		_ = unix.Close(p.Err)
	}
	if p.Out >= 0 {
		_ = unix.Close(p.Out)
	}
	p.Out, p.Err = -1, -1
}

// pipe makes one pipe and its stream, and returns the end to write to. When the output has
// too many pipes already, that is the end of the last one (share).
//
// O_NONBLOCK belongs to the open file behind a descriptor, but the two ends of a pipe are
// two open files: the service's end stays blocking.
func (m *Mux) pipe(o *Source, p *Pipes, which string) (int, error) {
	m.mu.Lock()
	fd, shared, err := m.accountOf(o.Service, which).share(o, p, mostPipes)
	m.mu.Unlock()
	if shared {
		p.last = nil
		return fd, err
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return -1, fmt.Errorf("pipe2: %w", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		closeBoth(ends)
		return -1, fmt.Errorf("fcntl: %w", err)
	}
	if err := m.register(o, p, which, m.newStream(o, which, ends[0])); err != nil {
		closeBoth(ends)
		return -1, err
	}
	m.mu.Lock()
	m.accountOf(o.Service, which).keepSpare(ends[1])
	m.mu.Unlock()
	return ends[1], nil
}

// newStream makes the stream that reads fd, which is non-blocking and ours alone.
func (m *Mux) newStream(o *Source, which string, fd int) *stream {
	k := m.sinkOf(&o.Log, which)
	s := &stream{sink: k, fd: fd, pipe: int32(fd), spare: -1, frame: m.serviceFrame(o, which, k), tee: m.newTee(o, which, k)}
	if s.frame.Varies() {
		first := s.frame // nextRun replaces frame
		s.template = &first
		s.output = &Source{}
		*s.output = *o
		s.starts = []runStart{{run: o.Run, waits: true}}
	}
	return s
}

func closeBoth(ends [2]int) {
	_ = unix.Close(ends[0])
	_ = unix.Close(ends[1])
}

// register begins to wait for the stream. Where its lines bear the PID of a run that has
// not begun, Pipes.Started does that. Until then our own end keeps the stream open.
func (m *Mux) register(o *Source, p *Pipes, which string, s *stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.poller == nil {
		made, err := newPoller()
		if err != nil {
			return err
		}
		m.poller = made
		go m.carry(made)
	}
	what := uint32(unix.EPOLLIN)
	if len(s.starts) > 0 {
		what = 0
		p.waking = append(p.waking, s)
	}
	if err := m.poller.addFor(s.fd, what); err != nil {
		return err
	}
	s.account = m.accountOf(o.Service, which)
	s.ring = m.ringOf(o.Service, o.Log.Recent)
	s.queue = m.queueOf(s.account, &o.Log)
	m.open[int32(s.fd)] = s
	s.account.streams = append(s.account.streams, s)
	s.lastLine = p.last
	p.last.begin(s.account)
	if s.terminal {
		_ = unix.IoctlSetWinsize(s.fd, unix.TIOCSWINSZ, &m.window)
	}
	return nil
}
