// Package watch tells when files have changed: by inotify(7), and by looking again and again where that
// does not work. One goroutine does it for all services, and there is none without a target.
//
// An event is only a hint. When a target has been quiet for its time, its files are read again, and only
// another content, owner or mode is a change: not a file that an editor creates and removes, or that is written again
// with the same content.
package watch

import (
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Target is what is watched for one service.
type Target struct {
	Name  string
	Paths []string      // files and directories, absolute; a directory with everything below
	Quiet time.Duration // how long it must be quiet
}

func (t *Target) same(other *Target) bool {
	return t.Name == other.Name && t.Quiet == other.Quiet && slices.Equal(t.Paths, other.Paths)
}

// Change is a change that has settled.
type Change struct {
	Name string
	What string    // in words: "/etc/app.conf and 2 more"
	At   time.Time // not before the last change, and with inotify hardly after it
}

const (
	// pollEvery is the time between two looks where inotify does not work.
	pollEvery = 5 * time.Second
	// patience is how many quiet times a target may go on changing.
	patience = 10
)

// Watcher watches targets.
type Watcher struct {
	changed func(Change)
	say     func(name, text string)

	mu      sync.Mutex
	next    []Target // to be watched from now on
	fresh   bool     // next is new
	wake    int      // an eventfd; -1: the goroutine does not run
	targets []*target

	inotify int // -1: it does not work
	lack    error
	wanted  map[int32][]interest // by watch descriptor
}

// interest is a target that wants to know of a directory.
type interest struct {
	target *target
	names  map[string]bool // nil: all
}

// target is a Target while it is watched.
type target struct {
	Target
	seen        picture
	first, last time.Time // of the events that have not settled; zero: there are none
	polled      bool      // events cannot be relied on
	nextLook    time.Time // if it is polled
	told        bool      // people know what does not work
	spots       map[int32]map[string]bool
}

// New makes a watcher. Its goroutine calls changed and say, which must not block.
func New(changed func(Change), say func(name, text string)) *Watcher {
	return &Watcher{changed: changed, say: say, wake: -1, inotify: -1, wanted: make(map[int32][]interest)}
}

// Set watches these targets from now on, and no others. A target that is the same as before is not looked at anew. Any
// goroutine may call it.
func (w *Watcher) Set(targets []Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wake < 0 {
		if len(targets) == 0 {
			return
		}
		wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			w.say("", fmt.Sprintf("cannot watch any files: eventfd: %v", err))
			return
		}
		w.wake = wake
		go w.run()
	}
	w.next, w.fresh = slices.Clone(targets), true
	_, _ = unix.Write(w.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// run is the goroutine.
func (w *Watcher) run() {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if w.inotify = fd; err != nil {
		w.inotify, w.lack = -1, fmt.Errorf("inotify_init1: %w", err)
	}
	for {
		w.renew()
		w.wait()
		for _, t := range w.targets {
			if due, ok := t.due(); ok && !time.Now().Before(due) {
				w.compare(t)
			}
		}
	}
}

// renew takes over the targets of Set.
func (w *Watcher) renew() {
	w.mu.Lock()
	next, fresh := w.next, w.fresh
	w.next, w.fresh = nil, false
	w.mu.Unlock()
	if !fresh {
		return
	}
	old := w.targets
	w.targets = nil
	for _, want := range next {
		i := slices.IndexFunc(old, func(t *target) bool { return t.same(&want) })
		if i >= 0 {
			w.targets = append(w.targets, old[i])
			old = slices.Delete(old, i, i+1)
			continue
		}
		t := &target{Target: want}
		w.targets = append(w.targets, t)
		t.seen = w.look(t)
	}
	for _, t := range old {
		w.forget(t, nil)
	}
}

// tell tells people once what does not work.
func (t *target) tell(w *Watcher, text string) {
	if !t.told {
		t.told = true
		w.say(t.Name, text)
	}
}

// due is when a target must be looked at.
func (t *target) due() (at time.Time, ok bool) {
	switch {
	case !t.last.IsZero():
		at = t.last.Add(t.Quiet)
		if most := t.first.Add(patience * t.Quiet); most.Before(at) {
			at = most
		}
		return at, true
	case t.polled:
		return t.nextLook, true
	}
	return time.Time{}, false
}

// wait waits for events, for Set, or until a target is due.
func (w *Watcher) wait() {
	timeout := time.Duration(-1)
	for _, t := range w.targets {
		if due, ok := t.due(); ok {
			if left := max(0, time.Until(due)); timeout < 0 || left < timeout {
				timeout = left
			}
		}
	}
	millis := -1
	if timeout >= 0 {
		millis = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	fds := []unix.PollFd{{Fd: int32(w.wake), Events: unix.POLLIN}, {Fd: int32(w.inotify), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, millis); err != nil || n <= 0 {
		return
	}
	if fds[0].Revents != 0 {
		var count [8]byte
		_, _ = unix.Read(w.wake, count[:])
	}
	if fds[1].Revents != 0 {
		w.events()
	}
}

// compare looks at a target that has been quiet, or whose next look is due, and tells what differs. A difference without an
// event has just begun: it must settle, too.
func (w *Watcher) compare(t *target) {
	at := t.last
	t.first, t.last = time.Time{}, time.Time{}
	now := w.look(t)
	what := t.seen.differs(now)
	switch {
	case what == "":
		t.seen = now
	case at.IsZero():
		t.first = time.Now()
		t.last = t.first
	default:
		t.seen = now
		w.changed(Change{Name: t.Name, What: what, At: at})
	}
}

// note notes an event in a directory for those who want to know. name is empty if it is about the directory itself.
func (w *Watcher) note(wd int32, name string, at time.Time) {
	for _, i := range w.wanted[wd] {
		if name != "" && (i.names != nil && !i.names[name] || temporary(name)) {
			continue
		}
		if i.target.last = at; i.target.first.IsZero() {
			i.target.first = at
		}
	}
}

// temporary tells whether a name is one that editors use while they work.
func temporary(name string) bool {
	for _, pattern := range []string{"*~", ".*.sw[a-z]", ".#*", "#*#", "4913", ".*.sexton-*"} {
		if match, _ := path.Match(pattern, name); match {
			return true
		}
	}
	return false
}
