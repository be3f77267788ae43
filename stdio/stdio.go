// Package stdio carries the output of the services: it makes their pipes, has their
// lines framed (package framing), and writes whole lines to where they go (package
// destination). Our own lines go the same way.
//
// # The path of a byte
//
// A service writes to its pipe. The poller sees that the pipe can be read, and puts the
// stream of the pipe into the list of its sink. The sink serves the stream: fill reads
// (read.go), cut frames lines into a batch, and the sink writes the batch and counts
// for each stream what was written.
//
// # Waiting
//
// No caller of this package ever waits for output. One goroutine sleeps until a pipe can
// be read (poller), and one for each destination reads, cuts and writes while there is
// something to do (sink). When the reader of our stdout stops reading, that goroutine
// waits in write(2), with one thread. (For a FIFO of a service's log it needs no thread:
// it waits in the poller, see places.) Then the pipes of the services fill up, and the
// services wait, as they would at the real stdout. Bytes that cannot be read yet stay in
// the kernel's pipe, so that 200 services at a stalled stdout cost us no memory.
//
// A service with Overflow Drop never waits: its pipe is read, its lines wait in a queue
// of bounded size (queue), and when the queue is full its oldest lines are dropped and
// counted. The same holds for our own lines.
//
// A file that hangs holds up the services that log to it, and no others.
package stdio

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/stdio/destination"
	"sexton/stdio/framing"
)

// Level is how important a line of ours is. Say writes it when its level is at most
// that of Options.
type Level uint8

const (
	Errors   Level = iota // a failure that stays; written at every level (-q)
	Warnings              // a possible failure, or one that has passed
	Normal                // an event and what happens next
	Verbose               // an explanation (-v)
)

// String is the level as it stands in JSON lines.
func (l Level) String() string { return [...]string{"error", "warn", "info", "debug"}[l] }

// Options says where output goes and how it looks.
type Options struct {
	// Out and Err are the descriptors to write to, usually 1 and 2. They stay the
	// caller's: Mux does not close them, does not make them non-blocking and does not
	// open them again by a path. When both are the same file (docker run -t, 2>&1),
	// everything goes to Out, in one order.
	Out, Err int

	// Names are the services that will write lines. Prefixes are aligned to the
	// longest name, and each service gets its colour by its place here.
	Names []string

	// ColorOut and ColorErr ask for colours; Color decides for most callers.
	ColorOut, ColorErr bool

	Level      Level  // of our own lines
	Self       string // the name before our own lines: "sexton"; "": none
	Prefixed   bool   // our own lines are aligned like a service's: "sexton | text", not "sexton: text"
	JSON       bool   // our own lines are JSON objects; then Prefixed and Timestamps mean nothing
	Timestamps bool   // our own lines begin with the time

	// Clock tells the time for lines that bear it; nil: they bear the year 1.
	Clock func() time.Time

	// Owner finds the numbers of the user and the group that a log file will belong
	// to; group "" is the user's own group. nil: files stay ours.
	Owner func(user, group string) (uid, gid int, err error)

	// KeepThread keeps the calling goroutine on its thread until FreeThread; nil: the
	// runtime's way, which makes a thread at the first call.
	KeepThread, FreeThread func()
}

// Mux is all output of this process. Its methods may be called by any
// goroutine, and only Flush and FlushOwn wait for output.
type Mux struct {
	options Options
	first   naming // that of options
	names   atomic.Pointer[naming]

	once     sync.Once // for what is below, see begin
	out, err *sink     // one and the same, when both are one file
	own      *stream   // our own lines
	batches  batches

	mu        sync.Mutex // never held over a system call that can wait
	poller    *poller
	open      map[int32]*stream // by the descriptor of the pipe that we read
	window    unix.Winsize      // the size that the terminals which we made were given last
	accounts  map[accountKey]*account
	order     []*account          // the same, in the order of their first use
	queues    map[*account]*queue // of those that never wait
	rings     map[string]*ring    // by service
	taps      []*Tap              // clients that follow
	pipelines []pipeline
	others    map[string]*sink        // files and syslogs, by their names
	places    places                  // for all of them together
	pumps     places                  // for streams that never wait
	parked    map[int32]chan struct{} // goroutines that wait until a file or a syslog takes more, by its descriptor

	destinations *destination.Set
	tails        tails

	ending   atomic.Bool  // our own end has begun: Flush was called
	watching atomic.Int32 // how many there are in watchers
	watchers []chan struct{}
}

// maxAlign is the longest name that other names are aligned to. A longer name sticks
// out.
const maxAlign = 20

// New returns a Mux and does nothing else. The first use makes the goroutines and the
// buffers and looks at the descriptors, so that a single command for which we print
// nothing does not pay for them.
func New(o Options) *Mux {
	m := &Mux{options: o}
	m.first.set(o.Self, o.Names, o.Prefixed)
	m.names.Store(&m.first)
	return m
}

// naming is the part of Options that a new plan changes.
type naming struct {
	names    []string
	prefixed bool
	width    int // of a name in a prefix, in characters
}

// SetNames takes other Names and Prefixed than Options had. Streams that are open keep their
// look until their runs have ended.
func (m *Mux) SetNames(names []string, prefixed bool) {
	n := new(naming)
	n.set(m.options.Self, names, prefixed)
	m.names.Store(n)
}

func (n *naming) set(self string, names []string, prefixed bool) {
	n.names, n.prefixed = names, prefixed
	if prefixed {
		n.width = min(utf8.RuneCountInString(self), maxAlign)
	}
	for _, name := range names {
		if w := utf8.RuneCountInString(name); w > n.width && w <= maxAlign {
			n.width = w
		}
	}
}

// Forget drops what is kept of a service that is gone for good: its latest lines, and the pipe
// from its stdout to its reader. A later service of the same name begins without them.
func (m *Mux) Forget(service string) {
	m.Unfollow(service)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rings, service)
	m.pipelines = slices.DeleteFunc(m.pipelines, func(p pipeline) bool {
		if p.writer != service {
			return false
		}
		for _, fd := range []int{p.read, p.write} {
			if fd >= 0 {
				_ = unix.Close(fd)
			}
		}
		return true
	})
}

// begin makes what the first use needs.
func (m *Mux) begin() {
	m.once.Do(func() {
		o := &m.options
		m.destinations = destination.NewSet(destination.Options{
			Say:   func(text string) { m.Say(Errors, "", text) },
			Clock: o.Clock, Owner: o.Owner, Ending: m.ending.Load,
			KeepThread: o.KeepThread, FreeThread: o.FreeThread,
		})
		m.out = &sink{mux: m, to: m.destinations.Descriptor(o.Out), name: "stdout", color: o.ColorOut}
		m.err = m.out
		if !sameFile(o.Out, o.Err) {
			m.err = &sink{mux: m, to: m.destinations.Descriptor(o.Err), name: "stderr", color: o.ColorErr}
		}
		m.own = &stream{
			sink:    m.err,
			fd:      -1,
			account: &account{service: o.Self, stream: Stderr},
			frame:   m.ownFrame(m.err, o.Timestamps),
		}
		if o.JSON {
			m.own.frame = m.ownObjects(Normal, false)
		}
		m.own.queue = &queue{account: m.own.account, mux: m, limit: ownQueueBytes, chunk: ownChunkBytes}
		m.open = make(map[int32]*stream)
		m.pumps = make(places, Pumps)
		m.accounts = make(map[accountKey]*account)
	})
}

// stamp puts the present time into a frame that bears it.
func (m *Mux) stamp(f *framing.Frame) {
	if f.Timed() {
		f.SetTime(m.now())
	}
}

func (m *Mux) now() time.Time {
	if m.options.Clock == nil {
		return time.Time{}
	}
	return m.options.Clock()
}

const (
	ownQueueBytes = 256 << 10 // 3000 lines of ours or so
	ownChunkBytes = 2 << 10
)
