// Package simkernel is an invented kernel, only for tests: the methods of
// kernel.Linux over processes that do not exist. It is cruel on purpose. A
// number that is freed goes to the very next process, many deaths make one
// SIGCHLD, dead children are shown in any order, and forks fail, all by a seed,
// so that a life that went wrong can be lived again.
//
// It also watches its caller: Wrongs lists everything that an init must never
// do. Time is package time's, which a test puts into a synctest bubble.
package simkernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"sexton/proc"
)

// Habit is what an invented process does with its life.
type Habit struct {
	Fails   syscall.Errno // its exec fails with this; 0: it starts
	Lives   time.Duration // after this time it ends by itself; 0: never
	Exit    proc.Exit     // and this is its exit then
	Ignores []proc.Signal // signals that it ignores; all others end it
	Stops   time.Duration // how long it takes to end after a signal
	Polite  bool          // then it exits with 0, otherwise it dies of the signal
	Stuck   bool          // it does not even die of KILL
	Forks   []Habit       // its children
	Session bool          // it leaves its parent's group for one of its own
	Dies    time.Duration // how long it takes to die of KILL: it hangs for a while; 0: a moment
	Alone   string        // no other child with this name may be there, alive or a zombie; "": any may
	Leaves  bool          // likewise, but its children, forked before, stay behind in the old group
	Listens bool          // at a socket
	Says    string        // the service that its environment names
	Name    string        // its name; "": its first word, and NameOf does not know it
	User    int           // its user
	Starved bool          // the kernel ends it for want of memory: its exit must say KILL
	Refuses error         // signals to it or its group fail with this
}

// Sim is an invented kernel whose caller is the init.
type Sim struct {
	// ForkFails is how often, of 1, a fork fails for now.
	ForkFails float64
	// Behaves gives the habit of a command.
	Behaves func(argv []string) Habit
	// Subreaper means that the caller is not the first process.
	Subreaper bool
	// NoSubreaper is the error of AdoptOrphans.
	NoSubreaper error
	// Threads is how many threads can be made; 0: any number.
	Threads int
	// Crowd is how long a look at all processes takes the first process.
	Crowd time.Duration

	mu        sync.Mutex
	dice      *rand.Rand
	processes []*process // alive and zombies, in order of birth
	free      []proc.PID // given out again last in, first out
	last      proc.PID
	births    uint64
	caught    bool
	signals   chan proc.Caught
	childDied chan struct{}
	wake      chan struct{}
	shown     *process
	wrongs    []string
	again     []string
	began     time.Time
	sent      []Sent
	calls     []string
	spawned   []proc.Command
	starved   int // since OutOfMemory was called last
}

// New makes a kernel whose every choice comes from seed.
func New(seed uint64) *Sim {
	return &Sim{
		dice: rand.New(rand.NewPCG(seed, ^seed)), last: 1,
		signals: make(chan proc.Caught), childDied: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		began: time.Now(),
	}
}

// Wrongs are the things that an init must never do and this one did.
func (s *Sim) Wrongs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrongs)
}

// Zombies counts the children of the init that wait to be reaped.
func (s *Sim) Zombies() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.processes {
		if p.zombie && p.parent == nil {
			n++
		}
	}
	return n
}

// Alive counts the processes that still run, those that are stuck left out.
func (s *Sim) Alive() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.processes {
		if !p.zombie && !p.habit.Stuck {
			n++
		}
	}
	return n
}

// Again are the processes that were asked to end by the same signal twice.
func (s *Sim) Again() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.again)
}

func (s *Sim) wrong(format string, args ...any) {
	s.wrongs = append(s.wrongs, fmt.Sprintf(format, args...))
}

// Catch: see kernel.Linux.
func (s *Sim) Catch() error {
	s.caught = true
	return nil
}

// Wait: see kernel.Linux.
func (s *Sim) Wait(atMost time.Duration) (news proc.News) {
	var timeout <-chan time.Time
	if atMost >= 0 {
		timer := time.NewTimer(atMost)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case c := <-s.signals:
		news.Signals = append(news.Signals, c)
	case <-s.childDied:
		news.ChildDied = true
	case <-s.wake:
	case <-timeout:
	}
	return news
}

// Wake: see kernel.Linux.
func (s *Sim) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Send lets a signal reach the init. It tells whether it did before over was
// closed.
func (s *Sim) Send(c proc.Caught, over <-chan struct{}) bool {
	select {
	case s.signals <- c:
		return true
	case <-over:
		return false
	}
}

// Spawn: see kernel.Linux.
func (s *Sim) Spawn(c *proc.Command) (proc.PID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.caught {
		s.wrong("a child before Catch: its death would be missed")
	}
	if s.dice.Float64() < s.ForkFails {
		errno := []syscall.Errno{syscall.EAGAIN, syscall.ENOMEM}[s.dice.IntN(2)]
		return 0, &proc.SpawnError{Stage: "fork", Err: errno, Passing: true}
	}
	habit := s.Behaves(c.Argv)
	if habit.Fails != 0 {
		return 0, &proc.SpawnError{Stage: "exec", Path: c.Argv[0], Err: habit.Fails, NotFound: habit.Fails == syscall.ENOENT}
	}
	if habit.Alone != "" && slices.ContainsFunc(s.processes, func(q *process) bool { return q.ours && q.habit.Alone == habit.Alone }) {
		s.wrong("%s was started before the last one was reaped", habit.Alone)
	}
	s.spawned = append(s.spawned, *c)
	s.calls = append(s.calls, "Spawn "+c.Argv[0])
	p := s.fork(nil, habit)
	if p.ours = true; habit.Name == "" {
		p.habit.Name, p.nameless = c.Argv[0], true
	}
	return p.pid, nil
}

// Peek: see kernel.Linux. It shows the same zombie until that is reaped.
func (s *Sim) Peek() (dead proc.Dead, ok, children bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == nil || s.shown.gone {
		var zombies []*process
		for _, p := range s.processes {
			if p.parent == nil {
				children = true
				if p.zombie {
					zombies = append(zombies, p)
				}
			}
		}
		if len(zombies) == 0 {
			return proc.Dead{}, false, children, nil
		}
		s.shown = zombies[s.dice.IntN(len(zombies))]
	}
	return proc.Dead{PID: s.shown.pid, Exit: s.shown.exit}, true, true, nil
}

// Reap: see kernel.Linux.
func (s *Sim) Reap(pid proc.PID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == nil || s.shown.pid != pid {
		s.wrong("reaped %d, which Peek has not shown", pid)
		return syscall.ECHILD
	}
	s.release(s.shown)
	s.shown = nil
	return nil
}

// Signal: see kernel.Linux. To signal a number that is no child of the init,
// alive or zombie, is the worst that an init can do.
func (s *Sim) Signal(pid proc.PID, scope proc.Scope, sig proc.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(pid)
	if p == nil || !p.ours {
		s.wrong("signal %v to %d, which is no child of ours", sig, pid)
		return syscall.ESRCH
	}
	if p.habit.Refuses != nil && sig != 0 {
		return p.habit.Refuses
	}
	if scope == proc.Single {
		s.deliver(p, sig)
		return nil
	}
	s.deliverGroup(p.group, sig)
	return nil
}

// Queue: see kernel.Linux. The value is lost on invented processes.
func (s *Sim) Queue(pid proc.PID, scope proc.Scope, sig proc.Signal, _ uint64) error {
	return s.Signal(pid, scope, sig)
}
