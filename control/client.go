package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// replyBytes bounds what a client reads: a thousand services are 300 KB.
const replyBytes = 16 << 20

// Ask sends a request to the sexton that answers at the first of paths where a
// socket is, and waits for its reply, at most for the time given in all. An error
// says why there is no reply, and how to mend that; a Reply with Error is one too.
// After VerbShutdown the end begins when this process has ended, or after a second.
func Ask(paths []string, r Request, within time.Duration) (Reply, error) {
	deadline := time.Now().Add(within)
	conn, path, err := dial(paths, deadline)
	if err != nil {
		return Reply{}, err
	}
	// Who asks for the end keeps the connection until it has ended itself: then the
	// server knows that nobody waits any more, and begins.
	if r.Verb != VerbShutdown {
		defer conn.Close()
	}
	// Whoever listens here was seen by us when it was made: a process of another
	// container has no number in ours.
	if who, err := peer(conn); err == nil && who.Pid == 0 {
		return Reply{}, fmt.Errorf("%s is the socket of another container's sexton (a pod's containers share /dev/shm); "+
			"give each its own [control] socket", path)
	}
	_ = conn.SetDeadline(deadline)
	line, err := json.Marshal(r)
	if err != nil {
		return Reply{}, err
	}
	if err := send(conn, append(line, '\n')); err != nil && !errors.Is(err, unix.EPIPE) { // its words may be there all the same
		return Reply{}, fmt.Errorf("ask sexton at %s: %w", path, bare(err))
	}
	return readReply(conn, path)
}

// send writes without SIGPIPE, which would end us before we could say why: the
// server may refuse us before we have asked.
func send(conn *net.UnixConn, line []byte) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(fd uintptr) (done bool) {
		for len(line) > 0 {
			n, err := unix.SendmsgN(int(fd), line, nil, nil, unix.MSG_NOSIGNAL)
			switch err {
			case nil:
				line = line[n:]
			case unix.EINTR:
			case unix.EAGAIN:
				return false
			default:
				failed = err
				return true
			}
		}
		return true
	})
	return errors.Join(err, failed)
}

func readReply(from io.Reader, path string) (Reply, error) {
	line, err := bufio.NewReader(io.LimitReader(from, replyBytes)).ReadBytes('\n')
	var reply Reply
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Reply{}, fmt.Errorf("sexton at %s does not answer in time", path)
	case err != nil && len(line) == 0:
		return Reply{}, fmt.Errorf("sexton at %s gave no answer: it ends just now, or too many ask at once", path)
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return Reply{}, fmt.Errorf("what answers at %s is no sexton, or another version: %w", path, err)
	}
	if reply.Error != "" {
		return Reply{}, errors.New(reply.Error)
	}
	return reply, nil
}

// dial connects to the first socket that is there.
func dial(paths []string, deadline time.Time) (*net.UnixConn, string, error) {
	var seen []string
	nowhere := 0
	for _, path := range paths {
		conn, err := connect(path, deadline)
		switch {
		case err == nil:
			return conn, path, nil
		case errors.Is(err, fs.ErrNotExist):
			nowhere++
			seen = append(seen, "nothing at "+path)
		case errors.Is(err, unix.EACCES): // EPERM is a seccomp profile's (connect(2) has it for netfilter alone)
			seen = append(seen, fmt.Sprintf("UID %d may not open %s; run it as root or as sexton's user, or see allow_uids in [control]", os.Geteuid(), path))
		case errors.Is(err, unix.ECONNREFUSED) && !isSocket(path):
			seen = append(seen, path+" is no socket")
		case errors.Is(err, unix.ECONNREFUSED):
			seen = append(seen, path+" was left behind by one that was killed")
		case errors.Is(err, unix.EAGAIN):
			seen = append(seen, fmt.Sprintf("too many ask at once at %s, and its queue is full", path))
		default:
			seen = append(seen, fmt.Sprintf("%s: %v", path, bare(err)))
		}
	}
	mend := ""
	if nowhere == len(paths) {
		mend = "; one that runs services listens, unless [control] says otherwise: give -c FILE if its file is not the usual one"
	}
	return nil, "", fmt.Errorf("no sexton answers: %s%s", strings.Join(seen, "; "), mend)
}

// fullPause is the wait before a full queue is tried again.
const fullPause = 5 * time.Millisecond

// connect waits for a place in the queue of those who want to ask, where that is full:
// a socket that does not block says so at once (EAGAIN, unix(7)).
func connect(path string, deadline time.Time) (*net.UnixConn, error) {
	var full error
	for {
		conn, err := (&net.Dialer{Deadline: deadline}).Dial("unix", path)
		late := !time.Now().Before(deadline)
		switch {
		case err == nil:
			return conn.(*net.UnixConn), nil
		case errors.Is(err, unix.EAGAIN) && !late:
			full = err
			time.Sleep(fullPause)
		case full != nil && late:
			return nil, full
		default:
			return nil, err
		}
	}
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket
}
