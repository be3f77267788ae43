package stdio

import (
	"time"

	"golang.org/x/sys/unix"

	"sexton/stdio/destination"
)

// places bounds how many goroutines may be in system calls that can block for long: a
// write to a file on a disk that hangs, opening it, rotating it. Go's runtime makes a
// thread for each goroutine that blocks in one, and ends the process when it cannot make
// a thread. So there must be no more of them than threads were reserved at the start. A
// goroutine that waits for a place needs no thread.
//
// Descriptors 1 and 2 need no place: a thread is reserved for each.
type places chan struct{}

// mostPlaces is how many places there are at most: so many files and log
// daemons can hang at a time before they hold up the others.
const mostPlaces = 16

// Pumps is how many streams that never wait are read at the same time. A spill on a disk
// that hangs holds up one.
const Pumps = 2

// PlacesFor is how many places there are for so many files and log daemons.
// Each needs a thread.
func PlacesFor(destinations int) int { return min(destinations, mostPlaces) }

// Places sets how many system calls on files and log daemons may block at a
// time, one at least. It is called before the first Open; without it there are
// mostPlaces.
func (m *Mux) Places(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.places = make(places, max(1, n))
}

func (p places) take() {
	if p != nil {
		p <- struct{}{}
	}
}

func (p places) giveBack() {
	if p != nil {
		<-p
	}
}

// yield lets another goroutine have the place, if one may be waiting.
func (p places) yield() {
	if p != nil && len(p) == cap(p) {
		p.giveBack()
		p.take()
	}
}

// await waits until the descriptor of the destination takes something or has an error.
// For a FIFO with a reader that stalls, or a log daemon that is busy, it waits in the
// poller, without a thread and without its place.
func (k *sink) await(fd int) {
	if k.places == nil {
		destination.Await(fd)
		return
	}
	k.places.giveBack()
	defer k.places.take()
	if !k.mux.awaitWritable(fd) {
		time.Sleep(destination.BusyPause)
	}
}

// awaitWritable is destination.Await without a thread. It reports whether it could wait.
// The caller must not close fd meanwhile.
func (m *Mux) awaitWritable(fd int) bool {
	m.mu.Lock()
	p := m.poller
	writable := make(chan struct{}, 1)
	if p != nil {
		if m.parked == nil {
			m.parked = make(map[int32]chan struct{})
		}
		m.parked[int32(fd)] = writable
	}
	m.mu.Unlock()
	if p == nil {
		return false
	}
	err := p.addFor(fd, unix.EPOLLOUT)
	if err == nil {
		<-writable
		p.remove(fd)
	}
	m.mu.Lock()
	delete(m.parked, int32(fd))
	m.mu.Unlock()
	return err == nil
}
