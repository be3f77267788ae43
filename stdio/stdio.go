// Package stdio carries what the services write: it makes their pipes, cuts
// what comes out of them into lines, puts a prefix before each, and writes whole
// lines to our own descriptors 1 and 2. The lines that we say ourselves go the
// same way.
//
// # Who waits for whom
//
// Nobody who calls this package ever waits for output. There is one goroutine
// that sleeps until some pipe has something to read (poller), and for each of
// our two descriptors one that reads, cuts and writes while there is anything
// to do (sink). When the reader of our stdout stops reading, that one goroutine
// is stuck in write(2), with one thread (a FIFO of a service's log needs none: its
// goroutine waits in the poller, see places); the pipes of the services fill up, and
// the services wait, as they would on the real stdout. What cannot be read yet
// stays in the pipe of the kernel, so that 200 services at a stalled stdout
// cost no memory of ours.
//
// A service with Overflow Drop never waits: its pipe is read all the same, its
// lines wait in a queue of bounded size, and the oldest of them are dropped and
// counted when it is full. Our own lines are treated just like that.
//
// # Where it goes
//
// A service's lines go to our descriptors, to a file (file), or to syslog
// (syslog). A file has a sink like theirs, so one that hangs holds up
// those who write to it and nobody else.
package stdio

import (
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/stdio/destination"
	"sexton/stdio/framing"
)

// Level says how much is to be said, and how important a line is: a line is
// said when its level is at most that of Options.
type Level uint8

const (
	Errors   Level = iota // what went wrong and stays so; said whatever the level (-q)
	Warnings              // what may go wrong, or went wrong once
	Normal                // what happened and what happens next
	Verbose               // what explains it (-v)
)

// String is the level as it stands in JSON lines.
func (l Level) String() string { return [...]string{"error", "warn", "info", "debug"}[l] }

// Options says where output goes and how it looks.
type Options struct {
	// Out and Err are the descriptors to write to, 1 and 2 as a rule. They
	// stay the caller's: they are not closed, not made non-blocking and not
	// opened again by a path. When both are the same file (docker run -t,
	// 2>&1), everything is written to Out, in one order.
	Out, Err int

	// Names are the services whose lines will be shown. Prefixes are aligned
	// to the longest, and colours are given in this order.
	Names []string

	// ColorOut and ColorErr ask for colours; Color decides for most callers.
	ColorOut, ColorErr bool

	Level      Level  // of our own lines
	Self       string // our name before our own lines: "sexton"; "": nothing stands there
	Prefixed   bool   // our own lines are aligned like a service's: "sexton | text", not "sexton: text"
	JSON       bool   // our own lines are JSON objects; then Prefixed and Timestamps mean nothing
	Timestamps bool   // our own lines begin with the time

	// Clock tells the time for lines that bear it. Without one it is the year 1.
	Clock func() time.Time

	// Owner finds the numbers of the user and the group that a log file shall
	// belong to; group "" is the user's own. Without it files stay ours.
	Owner func(user, group string) (uid, gid int, err error)

	// KeepThread keeps the calling goroutine on its thread until FreeThread; nil: the
	// runtime's way, for which it makes a thread at the first call.
	KeepThread, FreeThread func()
}

// Mux is all output of this process. Its methods may be called by any
// goroutine, and none but Flush and FlushOwn ever waits for output.
type Mux struct {
	options Options
	width   int // of a name in a prefix, in characters

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
	pipelines []pipeline
	others    map[string]*sink        // files and syslogs, by their names
	places    places                  // for all of them together
	pumps     places                  // for streams that never wait
	parked    map[int32]chan struct{} // who waits until a file or a syslog takes more, by its descriptor

	destinations *destination.Set

	ending   atomic.Bool  // our own end has begun: Flush was called
	watching atomic.Int32 // how many there are in watchers
	watchers []chan struct{}
}

// maxAlign is the longest name that the others are aligned to. A longer one
// sticks out.
const maxAlign = 20

// New returns a Mux. It does nothing else: goroutines, buffers and a look at
// the descriptors come with the first use, so that a run of a single command
// with nothing to say pays for none of it.
func New(o Options) *Mux {
	m := &Mux{options: o}
	if o.Prefixed {
		m.width = min(utf8.RuneCountInString(o.Self), maxAlign)
	}
	for _, name := range o.Names {
		if n := utf8.RuneCountInString(name); n > m.width && n <= maxAlign {
			m.width = n
		}
	}
	return m
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
