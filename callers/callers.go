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

// Max is the number of callers at a time if there are enough descriptors. With a
// thousand new silent callers a second it leaves each one a tenth of a second to send its request.
const Max = 128

// placesOf is the number of callers for a limit of descriptors: at two sockets, with those that
// were disconnected but not closed yet, callers take an eighth of the descriptors at most. The rest
// is for starting services.
func placesOf(descriptors uint64) int { return int(max(1, min(Max, descriptors/32))) }

// acceptPause is the pause after a failed accept, for example for lack of
// descriptors.
const acceptPause = 100 * time.Millisecond

// Gate lets one caller at a time into a system call, of all that share the gate. Go's
// runtime creates a thread for each goroutine that stays in a system call, on a busy
// machine even in one that does not block; and it ends the process when it
// cannot create one, at a container's pids limit. A goroutine that waits at the gate needs no
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
	stage stage // guarded by all.mu, and so is the next field
	cut   bool  // it is being disconnected
}

// stage is how far a caller has come. Lower stages are disconnected first.
type stage uint8

const (
	answered stage = iota // it has its answer
	silent                // it has not sent its request
	large                 // it waits for a large answer, or reads it
	asking                // it waits for an answer
	stages
)

// writeBytes bounds one write system call, so that a large answer does not
// keep others from the gate.
const writeBytes = 64 << 10

// Read and Write are those of the connection, through the gate.
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

// Close closes the connection, through the gate. Only the goroutine that serves the
// caller calls it: a goroutine that reads and another one that closes would wait for each other at
// the gate.
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

// Heard marks that the caller has sent its request.
func (c *Caller) Heard() { c.is(asking) }

// Answered marks that the caller has its answer.
func (c *Caller) Answered() { c.is(answered) }

// Large marks that the caller has asked for a large answer. At most half of the places are
// for such callers; false means that there are too many already.
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

// SetReadDeadline is that of the connection, unless the caller is being disconnected: in a
// burst of callers that can happen before its goroutine gets here, and then the caller must not
// get new time.
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
// listener is closed. All system calls go through the gate. A
// panic in serve ends only that call: no input of a client may end PID 1.
func Serve(listener net.Listener, gate *Gate, serve func(*Caller)) {
	places := Max
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		places = placesOf(limit.Cur)
	}
	all := bounded{places: places, slots: make(chan struct{}, 2*places)}
	for {
		all.slots <- struct{}{} // a caller that was disconnected has one until it is closed
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

// admit adds a caller. When there are too many, it disconnects one of the lowest stage, the
// oldest of those, but not the new caller itself, which has had no time to send anything.
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
	_ = a.callers[victim].SetDeadline(time.Unix(1, 0)) // long ago: whatever it waits for fails, and it closes
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
