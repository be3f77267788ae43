package stdio

import (
	"fmt"

	"golang.org/x/sys/unix"

	"sexton/service"
	"sexton/stdio/framing"
)

// A run's pipe lives until it was read to its end: longer than the run where our
// stdout stalls, or where a process that the run has left behind holds the pipe. A
// service that is restarted again and again meanwhile must not take one
// descriptor after the other. So there are mostPipes of one output at most:
// the last of them serves all further runs, until there are fewer again. We keep
// its end to write to for them, and note at which byte each run begins.

// mostPipes is how many pipes one output of a service may have, and mostTerminals
// how many terminals, which cannot be shared: a start must wait for them then.
const (
	mostPipes     = 4
	mostTerminals = 16
)

// runStart says that the bytes of a stream from at on are those of a run. While it
// waits for its PID, they are not read.
type runStart struct {
	at    int64
	run   service.Run
	pid   int
	waits bool
}

// share gives a further run the last pipe of the output, if there are as many as
// there may be: most. It returns a copy of the end to write to, which is blocking whatever
// an earlier run has made of it. The caller holds m.mu.
func (a *account) share(o *Source, p *Pipes, most int) (fd int, shared bool, err error) {
	if len(a.streams) < most {
		return -1, false, nil
	}
	s := a.streams[len(a.streams)-1]
	if s.spare < 0 { // a terminal, which cannot be shared
		return -1, true, fmt.Errorf("the %s of its last %d runs is not read to the end yet: stdout stalls, or processes that outlived these runs have it open; "+
			"the next start waits until one of these has ended", a.stream, most)
	}
	if fd, err = unix.FcntlInt(uintptr(s.spare), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		return -1, true, fmt.Errorf("fcntl: %w", err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		_ = unix.Close(fd)
		return -1, true, fmt.Errorf("fcntl: %w", err)
	}
	if s.output == nil {
		s.output = &Source{}
		*s.output = *o
	}
	waits := s.template != nil
	if waits {
		p.waking = append(p.waking, s)
	}
	s.begins(o.Run, waits)
	return fd, true, nil
}

// begins notes that what is written from now on is the run's.
func (s *stream) begins(run service.Run, waits bool) {
	s.reading.Lock()
	defer s.reading.Unlock()
	at := s.taken + s.unread(false)
	if n := len(s.starts); n > 0 && s.starts[n-1].at == at {
		s.starts = s.starts[:n-1] // that run wrote nothing
	}
	s.starts = append(s.starts, runStart{at: at, run: run, waits: waits})
}

// keepSpare keeps a copy of the end to write to of the newest pipe when there are no
// more to come, and gives up that of an older one. The caller holds m.mu.
func (a *account) keepSpare(end int) {
	newest := a.streams[len(a.streams)-1]
	for _, s := range a.streams {
		s.dropSpare()
	}
	if len(a.streams) < mostPipes {
		return
	}
	if fd, err := unix.FcntlInt(uintptr(end), unix.F_DUPFD_CLOEXEC, 0); err == nil {
		newest.spare = fd
	}
}

// dropSpare gives up our end to write to: the stream may end. The caller holds m.mu.
func (s *stream) dropSpare() {
	if s.spare >= 0 {
		_ = unix.Close(s.spare)
		s.spare = -1
	}
}

// dropSpares is for our own end: there will be no further run.
func (m *Mux) dropSpares() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.open {
		s.dropSpare()
	}
}

// nextRun ends the last line of a run and goes on with the next run's.
func (s *stream) nextRun(b *batch) {
	s.last(b)
	s.reading.Lock()
	o := *s.output // share has made it before it noted the start
	o.Run, o.pid = s.starts[0].run, s.starts[0].pid
	if s.starts = s.starts[1:]; len(s.starts) == 0 {
		s.starts = nil
	}
	s.reading.Unlock()
	if s.template == nil { // the lines of all runs look alike
		s.frame.Reset()
		return
	}
	m := s.sink.mux
	s.tee.begin(&o, s.account.stream)
	s.frame = m.serviceFrame(&o, s.account.stream, s.sink)
	m.stamp(&s.frame)
}

// look is how the lines of the stream look, whatever the run. Unlike frame, goroutines
// that do not own the stream may use it, to measure lines and to make others like them.
func (s *stream) look() *framing.Frame {
	if s.template != nil {
		return s.template
	}
	return &s.frame
}
