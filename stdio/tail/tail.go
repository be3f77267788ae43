// Package tail follows log files that programs write by themselves, across rotation, and hands
// on what is appended to them. It does not know services' pipes or destinations: bytes go to
// Lines.
//
// One goroutine reads all files (follow.go), and waits for the kernel's report that a file or a
// directory has changed (inotify, watch.go). Where the kernel has no room for another such
// report, it looks once a second instead. What a receiver has no room for stays in the file.
package tail

import (
	"context"
	"time"
)

// Lines gets what is appended to one file.
type Lines interface {
	// Put takes data, which is the caller's again afterwards. It never waits.
	Put(data []byte)
	// Full tells whether Put must not be called now. Wake tells when it may be again.
	Full() bool
	// End ends a line that has no end yet: the file was rotated, or we end.
	End()
}

// Options is what a Follower needs from its user.
type Options struct {
	Lines func(service string) Lines // for a file that is new to us
	Say   func(service, text string) // reports a failure to a person; never waits
	Every time.Duration              // between two looks where the kernel does not report; 0: a second
	Watch func() (fd int, err error) // makes the inotify instance; nil: the kernel's. For tests
}

// Bounds of what is followed.
const (
	MostFiles   = 64                    // of one service
	mostRotated = 8                     // of these, under a name that no pattern matches any more
	restAfter   = time.Minute           // a rotated file without news for so long is closed
	readBytes   = 64 << 10              // at a time
	readsInTurn = 8                     // of one file, before the others have their turn
	scanPause   = 50 * time.Millisecond // between two looks at directories
	readPause   = 2 * time.Millisecond  // between two rounds
)

// Follower follows the files of all services. New makes it; the goroutine begins with the
// first Begin.
type Follower struct {
	options Options
	orders  chan func()   // for the goroutine
	wake    chan struct{} // there may be something to do

	// What follows belongs to the goroutine.
	services map[string]*followed
	watch    *watch
	buffer   []byte
	scanned  time.Time
	stale    bool // directories have changed since
}

// New returns a Follower and does nothing else.
func New(o Options) *Follower {
	if o.Every == 0 {
		o.Every = time.Second
	}
	return &Follower{options: o, orders: make(chan func()), wake: make(chan struct{}, 1), services: make(map[string]*followed)}
}

// Start begins the goroutine. It is called once, before everything else.
func (f *Follower) Start() { go f.run() }

// Begin follows the files that match the patterns of a service, which is about to start: from
// now on, and those that appear later from their beginning. Files that were followed before are
// followed on. It waits until the files were looked at, or until ctx is done; they are followed
// anyway.
func (f *Follower) Begin(ctx context.Context, service string, patterns []string) error {
	return f.order(ctx, func() { f.begin(service, patterns) })
}

// Forget ends what Begin has begun. It does not wait.
func (f *Follower) Forget(service string) {
	go func() { _ = f.order(context.Background(), func() { f.forget(service) }) }()
}

// Wake says that some Lines are not full any more. It never waits.
func (f *Follower) Wake() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Finish reads all files to their ends and puts out lines without an end. It waits until
// that is done, or until ctx is done, and reports what is not read yet of each service's files.
func (f *Follower) Finish(ctx context.Context, report func(unread map[string]int64)) {
	found := make(chan map[string]int64, 1)
	for f.order(ctx, func() { found <- f.finish() }) == nil {
		unread := <-found
		if report(unread); len(unread) == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(readPause):
		}
	}
}

// order has the goroutine do something, and waits for it.
func (f *Follower) order(ctx context.Context, do func()) error {
	done := make(chan struct{})
	select {
	case f.orders <- func() { do(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the goroutine.
func (f *Follower) run() {
	f.buffer = make([]byte, readBytes)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more := f.round()
		pause := f.patience(more)
		if pause < 0 {
			timer.Stop()
		} else {
			timer.Reset(pause)
		}
		select {
		case do := <-f.orders:
			do()
		case <-f.wake:
			f.rest()
		case names := <-f.watch.changes():
			f.stale = f.stale || names
			f.rest()
		case <-timer.C:
		}
	}
}

// rest keeps a file that is written line by line from costing a round for each line.
func (f *Follower) rest() { time.Sleep(readPause) }

// patience is how long the goroutine may wait; negative: until there is news.
func (f *Follower) patience(more bool) time.Duration {
	switch {
	case more:
		return 0
	case f.stale:
		return max(0, scanPause-time.Since(f.scanned))
	case len(f.services) == 0:
		return -1
	case f.watch.reports() && !f.rotated():
		return -1
	}
	return f.options.Every
}
