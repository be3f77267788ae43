package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"sexton/callers"
	"sexton/verbs"
)

const requestBytes = 64 << 10 // the longest request

// limits are the times that the server waits.
type limits struct {
	ask    time.Duration // a client must have asked
	answer time.Duration // the loop must have answered, and then the client have taken the reply
	gone   time.Duration // a client that asked for a shutdown must be gone
}

func usualLimits() limits {
	return limits{ask: 5 * time.Second, answer: 2 * time.Second, gone: time.Second}
}

// Server answers on one socket. Its fields are set before Serve and not changed
// afterwards.
type Server struct {
	verbs.Source
	// Gate is shared with other servers.
	Gate *callers.Gate
	// Allow are the UIDs that may ask, besides root and our own.
	Allow []int
	// Read are the UIDs that may ask for what changes nothing.
	Read []int
	// Program names the program of a process, for the log; nil: it is not named.
	Program func(pid int) string
	// Moved is called when another user has removed or replaced the socket, in a directory that
	// others can write to, with a line that says so. It is called once, on a goroutine of its own.
	Moved func(words string)

	namespace string
	within    limits
	allowed   atomic.Pointer[[2][]int] // in the place of Allow and Read; nil: those count

	mu       sync.Mutex // for what follows: see watch
	listener *net.UnixListener
	path     string
	dev, ino uint64 // of the socket's file
	exposed  bool   // other users can replace it
	mode     os.FileMode
	closed   bool
}

// ErrInUse is a place that another program holds.
var ErrInUse = errors.New("another program answers there")

// Listen creates the socket at the first of paths where that is possible. It replaces
// the socket of a sexton that was killed; it does not touch a socket on which a program
// answers, or a file that is not a socket. The error says for each path why it failed.
func Listen(paths []string, mode os.FileMode) (*Server, error) {
	var all []error
	for _, path := range paths {
		s := &Server{path: path, mode: mode, namespace: Namespace(), within: usualLimits()}
		err := s.listen(mode)
		if err == nil {
			return s, nil
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

func (s *Server) serve(c *callers.Caller) {
	defer func() {
		if cause := recover(); cause != nil {
			s.reply(c, verbs.Reply{Error: fmt.Sprintf("internal error: %v; please report it", cause)})
		}
	}()
	_ = c.SetReadDeadline(time.Now().Add(s.within.ask))
	line, err := s.readRequest(c)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			s.reply(c, verbs.Reply{Error: err.Error()})
		}
		return
	}
	var who unix.Ucred
	c.Do(func() { who, err = peer(c.Conn) })
	if err != nil || s.permission(who) == verbs.None {
		s.reply(c, verbs.Reply{Error: fmt.Sprintf("UID %d is not allowed to ask; allowed are root, UID %d and [control] allow_uids and read_uids", int32(who.Uid), os.Geteuid())})
		return
	}
	c.Heard()
	request, verb, err := parseRequest(line)
	if err == nil && s.permission(who) < verb.Permission {
		err = fmt.Errorf("UID %d is not allowed to ask for %s; allowed are root, UID %d and [control] allow_uids", who.Uid, verb.Name, os.Geteuid())
	}
	if err != nil {
		s.reply(c, verbs.Reply{Error: err.Error()})
		return
	}
	if request.Namespace != "" && request.Namespace != s.namespace {
		s.reply(c, verbs.Reply{Elsewhere: true, Error: "another container's sexton answers there: it is in mount namespace " + s.namespace})
		return
	}
	if verb.Streams() {
		s.stream(c, verb, &request, who)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.within.answer)
	defer cancel()
	from := ""
	if verb.Permission == verbs.Change {
		from = s.askedBy(who) // while the client is there
	}
	request.From = from
	reply := s.answer(ctx, verb, &request)
	s.reply(c, reply)
	if verb.Lingers() && reply.Error == "" {
		s.afterwards(c, verb, &request, from)
	}
}

// askedBy names the client that wanted something. A process outside of our PID namespace
// has no number in it.
func (s *Server) askedBy(who unix.Ucred) string {
	if who.Pid == 0 {
		return fmt.Sprintf(" by UID %d from outside the container", who.Uid)
	}
	program := ""
	if s.Program != nil {
		s.Gate.Do(func() { program = s.Program(int(who.Pid)) })
	}
	if program != "" {
		program = ", " + program
	}
	return fmt.Sprintf(" by UID %d (pid %d%s)", who.Uid, who.Pid, program)
}

// permission is what a client may do.
func (s *Server) permission(who unix.Ucred) verbs.Permission {
	allow, read := s.Allow, s.Read
	if now := s.allowed.Load(); now != nil {
		allow, read = now[0], now[1]
	}
	switch uid := int(who.Uid); {
	case uid == 0 || uid == os.Geteuid() || slices.Contains(allow, uid):
		return verbs.Change
	case slices.Contains(read, uid):
		return verbs.Read
	}
	return verbs.None
}

// SetAllow puts other UIDs in the place of Allow and Read. Any goroutine may call it.
func (s *Server) SetAllow(allow, read []int) { s.allowed.Store(&[2][]int{allow, read}) }

// peer is the process that connected, as it was at that moment (unix(7), SO_PEERCRED).
func peer(conn net.Conn) (unix.Ucred, error) {
	nobody := unix.Ucred{Uid: ^uint32(0)}
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return nobody, err
	}
	var who *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		who, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return nobody, err
	}
	if failed != nil {
		return nobody, failed
	}
	return *who, nil
}

// readRequest reads one line, without its newline, and ignores what follows. At the
// end of the input the newline may be missing.
func (s *Server) readRequest(from io.Reader) ([]byte, error) {
	limited := &io.LimitedReader{R: from, N: requestBytes + 1}
	line, err := bufio.NewReaderSize(limited, 512).ReadBytes('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case limited.N <= 0:
		return nil, fmt.Errorf("the request is longer than %d bytes", requestBytes)
	case errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) > 0:
		return line, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("no request came within %v; write one line of JSON", s.within.ask)
	}
	return nil, err
}

// parseRequest reads the line. An error says what is wrong with it.
func parseRequest(line []byte) (r verbs.Request, v *verbs.Verb, err error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, nil, fmt.Errorf("the request is not JSON that sexton understands: %v; write, for example, {\"verb\":\"status\"}", err)
	}
	if rest := bytes.TrimSpace(line[decoder.InputOffset():]); len(rest) > 0 {
		return r, nil, errors.New("there is text after the request; one line is one request")
	}
	if err := checkVersion(&r); err != nil {
		return r, nil, err
	}
	v, err = r.Asked()
	return r, v, err
}

func (s *Server) answer(ctx context.Context, v *verbs.Verb, r *verbs.Request) verbs.Reply {
	reply, err := v.Answer(ctx, &s.Source, r)
	if err != nil {
		return verbs.Reply{Error: s.noAnswer(err)}
	}
	return reply
}

// afterwards has the loop act when the client has gone. The client is usually a process of this
// container: if the shutdown began at once, it could be killed with everything else that is left,
// before it has printed the answer.
func (s *Server) afterwards(c *callers.Caller, v *verbs.Verb, r *verbs.Request, from string) {
	c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(s.within.gone))
	_, _ = io.CopyN(io.Discard, c, requestBytes)
	ctx, cancel := context.WithTimeout(context.Background(), s.within.answer)
	defer cancel()
	_ = v.Then(ctx, &s.Source, r, from)
}

func (s *Server) noAnswer(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("sexton does not answer: its loop has been busy for %v, perhaps with a start from a disk that hangs", s.within.answer)
	}
	return err.Error()
}

func (s *Server) reply(c net.Conn, r verbs.Reply) {
	r.Version = verbs.WireVersion
	line, err := json.Marshal(r)
	if err != nil {
		return
	}
	_ = c.SetWriteDeadline(time.Now().Add(s.within.answer))
	_, _ = c.Write(append(line, '\n'))
}

// bare removes the path from an error, because our message has it already.
func bare(err error) error {
	var path *os.PathError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &call):
		return call.Err
	}
	return err
}
