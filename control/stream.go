package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"sexton/callers"
	"sexton/verbs"
)

// stream answers a request with many lines, for as long as the client stays and the verb has
// something to say. A client that does not read holds up its own goroutine alone.
func (s *Server) stream(c *callers.Caller, v *verbs.Verb, r *verbs.Request, who unix.Ucred) {
	if !c.Large() {
		s.reply(c, verbs.Reply{Error: "too many clients follow sexton already; try again when one has gone"})
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.untilGone(c, ctx, cancel)
	}()
	defer func() { // before the connection is closed, see callers.Caller.Close
		cancel()
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
		<-ended
	}()
	v.Stream(ctx, &s.Source, r, s.askedBy(who), func(reply verbs.Reply) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		reply.Version = verbs.WireVersion
		line, err := json.Marshal(reply)
		if err == nil {
			_, err = c.Write(append(line, '\n'))
		}
		return err
	})
}

// goneEvery is how often the server looks whether a client that has closed its own direction is
// still there (socat does that at the end of its input).
const goneEvery = time.Second

// untilGone calls gone when the client has disconnected, and returns then or when ctx is done.
func (s *Server) untilGone(c *callers.Caller, ctx context.Context, gone func()) {
	defer gone()
	_ = c.SetReadDeadline(time.Time{})
	buffer := make([]byte, 512)
	for {
		if _, err := c.Read(buffer); err != nil { // what it writes means nothing
			break
		}
	}
	tick := time.NewTicker(goneEvery)
	defer tick.Stop()
	for !hungUp(c) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// hungUp tells whether the other side of a connection has closed both directions.
func hungUp(c *callers.Caller) (gone bool) {
	raw, err := c.Conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		c.Do(func() {
			fds := []unix.PollFd{{Fd: int32(fd)}}
			n, err := unix.Poll(fds, 0)
			gone = err == nil && n == 1 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
		})
	})
	return gone || err != nil
}

// Follow asks as Ask does, for an answer of many lines, and calls each for every line but the last. within
// bounds the wait for the first line. The error of the last line becomes an error. An error of each ends it.
func Follow(sockets []string, r verbs.Request, within time.Duration, each func(verbs.Reply) error) (verbs.Done, error) {
	a := asked{within: within}
	first, err := a.ask(sockets, r)
	if err != nil {
		return verbs.Done{}, err
	}
	defer a.conn.Close()
	_ = a.conn.SetDeadline(time.Time{})
	for reply := first; ; {
		if reply.Done != nil {
			return *reply.Done, nil
		}
		if !reply.Begun {
			if err := each(reply); err != nil {
				return verbs.Done{}, err
			}
		}
		if reply, err = a.next(); err != nil {
			return verbs.Done{}, err
		}
		if reply.Error != "" {
			return verbs.Done{}, errors.New(reply.Error)
		}
	}
}

// checkVersion refuses a request of a later version of the wire.
func checkVersion(r *verbs.Request) error {
	if r.Version < 0 || r.Version > verbs.WireVersion {
		return fmt.Errorf("this sexton speaks version %d of the wire, and the request is of version %d", verbs.WireVersion, r.Version)
	}
	return nil
}
