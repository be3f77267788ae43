package stdio

import (
	"fmt"

	"golang.org/x/sys/unix"

	"sexton/service"
)

// Format says what is done to the lines of a service.
type Format uint8

const (
	Prefix Format = iota // each gets its service's name before it; the default
	// Raw writes the bytes as they are. Lines still go out whole, as long as
	// they are no longer than MaxLine. When a line of somebody else must follow a
	// longer one whose end has not come yet, a newline is put between the two.
	Raw
)

// Overflow says what happens when a service writes more than can be written
// out.
type Overflow uint8

const (
	Block Overflow = iota // the service waits; the default
	// Drop keeps up to 256 KiB waiting for each output of the service. When it
	// is more, the oldest lines are dropped, and their number is said in their
	// place, or on our stderr when the format is Raw.
	Drop
)

const (
	dropQueueBytes = 256 << 10
	dropChunkBytes = 32 << 10
)

// Output is one run of a service, and how its output is to be treated. All but
// Service may be left zero.
type Output struct {
	Service  string
	Run      service.Run
	Format   Format
	Overflow Overflow

	// MaxLine is how long a line that we write may become, prefix and newline
	// included: 256 bytes at least; 0 means DefaultMaxLine. A stream in the
	// middle of a line holds that much memory.
	MaxLine int

	// Merge sends both outputs through one pipe to our stdout, in the order in
	// which the service wrote them.
	Merge bool
}

// Pipes are the ends of one run's output that the child gets: blocking and
// close-on-exec, to be put at its descriptors 1 and 2. With Output.Merge they
// are one and the same.
type Pipes struct{ Out, Err int }

// Open makes the pipes of one run, and begins to carry what comes through
// them. The error is for a lack of descriptors or of memory, and leaves nothing
// open. The caller calls Close after the spawn.
func (m *Mux) Open(o Output) (*Pipes, error) {
	m.begin()
	p := &Pipes{Out: -1, Err: -1}
	var err error
	if p.Out, err = m.pipe(&o, Stdout, m.out); err == nil {
		if p.Err = p.Out; !o.Merge {
			p.Err, err = m.pipe(&o, Stderr, m.err)
		}
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("cannot open pipes for the output of %s: %w", o.Service, err)
	}
	return p, nil
}

// Close gives up our copies of the ends. It is called once the child has its
// own, or once it is known that there will be no child: then nobody holds the
// ends, and the streams end by themselves. Calling it again does nothing.
func (p *Pipes) Close() {
	if p.Err >= 0 && p.Err != p.Out {
		_ = unix.Close(p.Err)
	}
	if p.Out >= 0 {
		_ = unix.Close(p.Out)
	}
	p.Out, p.Err = -1, -1
}

// pipe makes one pipe and its stream to k. It returns the end to write to.
//
// Non-blocking is set for the open file behind a descriptor, but the two ends
// of a pipe are two open files: the service's end stays blocking.
func (m *Mux) pipe(o *Output, which string, k *sink) (int, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return -1, fmt.Errorf("pipe2: %w", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		closeBoth(ends)
		return -1, fmt.Errorf("fcntl: %w", err)
	}
	s := &stream{sink: k, fd: ends[0], frame: m.serviceFrame(o, k.color)}
	if o.Overflow == Drop {
		s.queue = &queue{stream: s, limit: dropQueueBytes, chunk: dropChunkBytes}
	}
	if err := m.register(o.Service, which, s); err != nil {
		closeBoth(ends)
		return -1, err
	}
	return ends[1], nil
}

func closeBoth(ends [2]int) {
	_ = unix.Close(ends[0])
	_ = unix.Close(ends[1])
}

// register begins to wait for the stream.
func (m *Mux) register(name, which string, s *stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.poller == nil {
		p, err := newPoller()
		if err != nil {
			return err
		}
		m.poller = p
		go m.carry(p)
	}
	if err := m.poller.add(s.fd); err != nil {
		return err
	}
	s.account = m.accountOf(name, which)
	m.open[int32(s.fd)] = s
	return nil
}
