// Package callers serves the clients of a listening socket, a bounded number of
// them at a time. When there are too many, it disconnects one: first a client that has its
// answer and stays connected, then the one that has been silent longest, then one that asked for
// a large answer, and only then one that waits for a short answer.
package callers

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Max is how many callers there are at a time, where there are descriptors enough. With a
// thousand silent ones a second it leaves a new caller a tenth of a second to speak.
const Max = 128

// placesOf is how many there are where we may have so many descriptors: with those
// that were cut off, and at two sockets, callers take an eighth of them at most. The rest
// is for starting services.
func placesOf(descriptors uint64) int { return int(max(1, min(Max, descriptors/32))) }

// acceptPause is the wait after a failed accept: there are no descriptors left,
// say.
const acceptPause = 100 * time.Millisecond

// Gate lets one caller at a time into a system call, of all that share it. Go's
// runtime makes a thread for each goroutine that is in one for long, on a busy
// machine even in one that does not block; and it ends the process when it
// cannot make one, at a container's pids limit. Who waits at the gate needs no
// thread.
type Gate struct{ mu sync.Mutex }

// Do calls f, which makes system calls that do not block.
func (g *Gate) Do(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

// Caller is one connection. It is closed when serve returns.
type Caller struct {
	net.Conn
	*Gate
	raw   syscall.RawConn
	all   *bounded
	stage stage // under all.mu, and so is the next
	cut   bool  // it has to go, whatever it may still have to say
}

// stage is how far a caller has come, in the order in which they are cut off.
type stage uint8

const (
	answered stage = iota // it has its answer, and need only go
	silent                // it has not said what it wants
	large                 // it waits for a large answer, or takes it
	asking                // it waits for an answer
	stages
)

// writeBytes bounds what is written in one system call, so that a large answer does not
// keep others from the gate.
const writeBytes = 64 << 10

// Read and Write do what those of the connection do, through the gate.
func (c *Caller) Read(p []byte) (n int, err error) {
	waited := c.raw.Read(func(fd uintptr) (done bool) {
		c.Do(func() { n, err = again(func() (int, error) { return unix.Read(int(fd), p) }) })
		return err != unix.EAGAIN
	})
	switch {
	case waited != nil:
		return 0, waited
	case err == nil && n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return max(n, 0), err
}

func (c *Caller) Write(p []byte) (n int, err error) {
	waited := c.raw.Write(func(fd uintptr) (done bool) {
		for n < len(p) && err == nil {
			var some int
			c.Do(func() {
				some, err = again(func() (int, error) {
					return unix.SendmsgN(int(fd), p[n:min(len(p), n+writeBytes)], nil, nil, unix.MSG_NOSIGNAL)
				})
			})
			n += max(some, 0)
		}
		if err == unix.EAGAIN {
			err = nil
			return false
		}
		return true
	})
	return n, errors.Join(waited, err)
}

// again repeats a call that a signal interrupts.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}

// Close does what that of the connection does, through the gate. It is for the
// goroutine that serves the caller: one that reads would wait at the gate for the one that
// closes, and the other way round.
func (c *Caller) Close() (err error) {
	c.Do(func() { err = c.Conn.Close() })
	return err
}

// CloseWrite tells the caller that nothing more will come.
func (c *Caller) CloseWrite() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		c.Do(func() { _ = half.CloseWrite() })
	}
}

// Heard tells that the caller has said what it wants, and is not silent any more.
func (c *Caller) Heard() { c.is(asking) }

// Answered tells that the caller has its answer.
func (c *Caller) Answered() { c.is(answered) }

// Large tells that the caller, which was heard, wants a large answer. Half of the places at most are
// for those: false means that there are too many already.
func (c *Caller) Large() bool {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	n := 0
	for _, other := range c.all.callers {
		if other.stage == large {
			n++
		}
	}
	if n >= max(1, c.all.places/2) {
		return false
	}
	c.stage = large
	return true
}

func (c *Caller) is(s stage) {
	c.all.mu.Lock()
	c.stage = s
	c.all.mu.Unlock()
}

// SetReadDeadline does what that of the connection does, unless the caller was cut
// off: in a burst of them that may be before its goroutine has come so far, and
// nothing may give it time again.
func (c *Caller) SetReadDeadline(t time.Time) error {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.cut {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

type bounded struct {
	mu      sync.Mutex
	callers []*Caller     // the oldest first
	slots   chan struct{} // one for each that is not closed yet
	places  int
}

// Serve calls serve for each caller, on a goroutine of its own, until the
// listener is closed. What they have to do with the kernel goes through the gate. A
// panic in serve ends that call alone: PID 1 must not end of whatever somebody sends it.
func Serve(listener net.Listener, gate *Gate, serve func(*Caller)) {
	places := Max
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		places = placesOf(limit.Cur)
	}
	all := bounded{places: places, slots: make(chan struct{}, 2*places)}
	for {
		all.slots <- struct{}{} // who was cut off has one until it has gone
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
			<-all.slots
			continue
		}
		raw, err := conn.(syscall.Conn).SyscallConn()
		if err != nil {
			conn.Close()
			<-all.slots
			continue
		}
		c := &Caller{Conn: conn, Gate: gate, raw: raw, all: &all, stage: silent}
		all.admit(c)
		go func() {
			defer all.dismiss(c)
			defer func() { _ = recover() }()
			serve(c)
		}()
	}
}

// admit takes a caller in. When there are too many, one of the lowest stage has to go, the
// oldest of them. The newcomer itself, which has had no time to speak, is not among them.
func (a *bounded) admit(c *Caller) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.callers = append(a.callers, c)
	if len(a.callers) <= a.places {
		return
	}
	victim, lowest := 0, stages
	for i, c := range a.callers[:a.places] {
		if c.stage < lowest {
			victim, lowest = i, c.stage
		}
	}
	a.callers[victim].cut = true
	_ = a.callers[victim].SetDeadline(time.Unix(1, 0)) // long ago: whatever it waits for has ended, and it closes
	a.callers = slices.Delete(a.callers, victim, victim+1)
}

func (a *bounded) dismiss(c *Caller) {
	c.Close()
	<-a.slots
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(a.callers, c); i >= 0 {
		a.callers = slices.Delete(a.callers, i, i+1)
	}
}
