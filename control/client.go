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

	"sexton/paths"
	"sexton/verbs"
)

// replyBytes bounds what a client reads: a thousand services are 300 KB.
const replyBytes = 16 << 20

// Ask sends a request to the sexton of our own container, which answers at one of sockets
// (see Sockets), and waits for its reply, for the given time at most. An error says
// why there is no reply, and how to fix that; a Reply with Error becomes an error too.
// A shutdown begins when this process has ended, or after a second.
func Ask(sockets []string, r verbs.Request, within time.Duration) (verbs.Reply, error) {
	a := asked{within: within}
	reply, err := a.ask(sockets, r)
	if v := verbs.Named(r.Verb); a.conn != nil && (v == nil || !v.Lingers() || err != nil) {
		a.conn.Close()
	} // otherwise it stays open until this process ends: that tells the server to begin
	return reply, err
}

// asked is a request on its way.
type asked struct {
	within time.Duration
	conn   *net.UnixConn // to the sexton that answers; nil: none does
	path   string
	lines  *bufio.Reader
}

// ask sends the request and reads the first line of the answer.
func (a *asked) ask(sockets []string, r verbs.Request) (verbs.Reply, error) {
	deadline := time.Now().Add(a.within)
	r.Namespace = Namespace()
	line, err := json.Marshal(r)
	if err != nil {
		return verbs.Reply{}, err
	}
	line = append(line, '\n')
	var seen, full []string
	nowhere, closed := 0, false
	for i := 0; i < len(sockets)+len(full); i++ {
		// Another program's socket that does not answer must leave time for ours: a socket with a full
		// queue comes last, and gets a share of the time.
		path, share := "", time.Time{}
		if i < len(sockets) {
			path = sockets[i]
		} else {
			path = full[i-len(sockets)]
			share = time.Now().Add(time.Until(deadline) / time.Duration(len(sockets)+len(full)-i))
		}
		conn, err := connect(path, share)
		if i < len(sockets) && errors.Is(err, unix.EAGAIN) {
			full = append(full, path)
			continue
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				nowhere++
			}
			closed = closed || errors.Is(err, unix.EACCES)
			seen = append(seen, noConnection(path, err))
			continue
		}
		who, err := peer(conn)
		if err == nil {
			err = verify(who, r.Namespace)
		}
		if err != nil {
			conn.Close()
			seen = append(seen, fmt.Sprintf("%s: %v", path, err))
			continue
		}
		a.conn, a.path, a.lines = conn, path, bufio.NewReader(conn)
		reply, err := a.exchange(line, deadline)
		if reply.Elsewhere {
			conn.Close()
			a.conn = nil
			seen = append(seen, path+": "+reply.Error)
			continue
		}
		if err == nil && reply.Error != "" {
			err = errors.New(reply.Error)
		}
		return reply, err
	}
	return verbs.Reply{}, noSexton(seen, nowhere == len(sockets), closed)
}

// ErrNobody: no sexton of this container was found. ErrNothing: no socket either.
// ErrClosed: there is a socket that we are not allowed to open.
var (
	ErrNobody  = errors.New("no sexton answers")
	ErrNothing = fmt.Errorf("%w", ErrNobody)
	ErrClosed  = fmt.Errorf("%w", ErrNobody)
)

// noSexton says what was found instead of a sexton.
func noSexton(seen []string, nothing, closed bool) error {
	all := strings.Join(seen, "; ")
	switch {
	case nothing:
		return fmt.Errorf("%w: %s; a sexton with services listens unless [control] says otherwise; give -c FILE if it uses another file", ErrNothing, all)
	case closed:
		return fmt.Errorf("%w: %s", ErrClosed, all)
	}
	return fmt.Errorf("%w: %s", ErrNobody, all)
}

// exchange sends the request and reads the reply.
func (a *asked) exchange(line []byte, deadline time.Time) (verbs.Reply, error) {
	_ = a.conn.SetDeadline(deadline)
	if err := send(a.conn, line); err != nil && !errors.Is(err, unix.EPIPE) { // its reply may be there anyway
		return verbs.Reply{}, fmt.Errorf("ask sexton at %s: %w", a.path, bare(err))
	}
	return a.next()
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

// next reads one line of the answer.
func (a *asked) next() (verbs.Reply, error) {
	line, err := readLine(a.lines)
	var reply verbs.Reply
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return verbs.Reply{}, fmt.Errorf("sexton at %s does not answer in time", a.path)
	case err != nil && len(line) == 0:
		return verbs.Reply{}, fmt.Errorf("sexton at %s gave no answer: it is ending, or it has too many clients", a.path)
	}
	if err := json.Unmarshal(line, &reply); err != nil {
		return verbs.Reply{}, fmt.Errorf("the program that answers at %s is not sexton, or is another version: %w", a.path, err)
	}
	return reply, nil
}

// readLine reads a line of a bounded length.
func readLine(from *bufio.Reader) (line []byte, err error) {
	for len(line) < replyBytes {
		part, err := from.ReadSlice('\n')
		if line = append(line, part...); err != bufio.ErrBufferFull {
			return line, err
		}
	}
	return line, io.ErrShortBuffer
}

// noConnection says why there is no connection to a path.
func noConnection(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "nothing at " + path
	case errors.Is(err, unix.EACCES): // EPERM comes from a seccomp profile (in connect(2), only from netfilter)
		return fmt.Sprintf("UID %d is not allowed to open %s; run this as root or as sexton's user, or see allow_uids in [control]", os.Geteuid(), path)
	case errors.Is(err, unix.ECONNREFUSED) && !isSocket(path):
		return path + " is not a socket"
	case errors.Is(err, unix.ECONNREFUSED):
		return path + " was left behind by a sexton that was killed"
	case errors.Is(err, unix.EAGAIN):
		return fmt.Sprintf("too many clients at %s, its queue is full", path)
	}
	return fmt.Sprintf("%s: %v", path, bare(err))
}

// fullPause is the wait before a full queue is tried again.
const fullPause = 5 * time.Millisecond

// connect connects to a socket. If its queue is full, which a socket that does not block reports at
// once (EAGAIN, unix(7)), connect tries again until the deadline; zero: only once.
func connect(path string, deadline time.Time) (*net.UnixConn, error) {
	if err := noLink(path); err != nil {
		return nil, err
	}
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

// noLink refuses a path that another user can lead elsewhere by a symbolic link.
func noLink(path string) error {
	place, err := paths.Find(path)
	if err != nil {
		return err
	}
	defer place.Close()
	var file unix.Stat_t
	if err := place.Stat(&file); err != nil {
		return err
	}
	if file.Mode&unix.S_IFMT == unix.S_IFLNK {
		return errors.New("it is a symbolic link in a directory that others can write to")
	}
	return nil
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket
}
