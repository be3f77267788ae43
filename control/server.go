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
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sexton/callers"
	"sexton/service"
)

const (
	requestBytes = 64 << 10        // the longest request
	askWithin    = 5 * time.Second // a caller must have asked
	answerWithin = 2 * time.Second // the loop must have answered, and the caller have taken it
	goneWithin   = time.Second     // who wanted the end must be gone before it begins
)

// Loop is what the server needs of the loop; see pid1.PID1.
type Loop interface {
	Look(ctx context.Context, name string) (service.Answer, error)
	Shutdown(ctx context.Context, now bool, from string) (service.Answer, error)
}

// Server answers on one socket. Its fields are set before Serve and not changed
// afterwards.
type Server struct {
	Loop Loop
	// Memory tells how much resident memory the process group of each PID has;
	// one that it does not know is left out.
	Memory func(leaders []int) map[int]int64
	// Output are the accounts of what services wrote; nil: there are none.
	Output func() []service.Output
	// Recent are the last lines of a service, at most n; nil: there are none.
	Recent func(service string, n int) [][]byte
	// Gate is shared with other servers.
	Gate *callers.Gate
	// Allow are the UIDs that may ask, besides root and our own.
	Allow []int
	// File is the path of the configuration.
	File string
	// Moved is told when the socket was taken away from us in a directory that others can
	// write to: a line that says so. It is called once, by a goroutine of its own.
	Moved func(words string)

	namespace string

	mu       sync.Mutex // for what follows: see watch
	listener *net.UnixListener
	path     string
	dev, ino uint64 // of the socket's file
	exposed  bool   // others can replace it
	mode     os.FileMode
	closed   bool
}

// ErrInUse is a place that somebody else holds.
var ErrInUse = errors.New("another program answers there")

// Listen makes the socket at the first of paths where one can be made. What is
// left of a sexton that was killed is replaced; a socket that somebody answers
// on, or a file that is no socket, is not touched. The error says of each path why not.
func Listen(paths []string, mode os.FileMode) (*Server, error) {
	var all []error
	for _, path := range paths {
		s := &Server{path: path, mode: mode, namespace: Namespace()}
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
			s.reply(c, Reply{Error: fmt.Sprintf("internal error: %v; please report it", cause)})
		}
	}()
	_ = c.SetReadDeadline(time.Now().Add(askWithin))
	line, err := readRequest(c)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			s.reply(c, Reply{Error: err.Error()})
		}
		return
	}
	var who unix.Ucred
	c.Do(func() { who, err = peer(c.Conn) })
	if err != nil || !s.allowed(who) {
		s.reply(c, Reply{Error: fmt.Sprintf("UID %d may not ask: root and UID %d may, and who is named in [control] allow_uids", int32(who.Uid), os.Geteuid())})
		return
	}
	c.Heard()
	request, err := parseRequest(line)
	if err != nil {
		s.reply(c, Reply{Error: err.Error()})
		return
	}
	if request.Namespace != "" && request.Namespace != s.namespace {
		s.reply(c, Reply{Elsewhere: true, Error: "another container's sexton answers there: it is in mount namespace " + s.namespace})
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	reply := s.answer(ctx, request)
	s.reply(c, reply)
	if reply.Shutdown != nil {
		s.shutdown(c, request, who)
	}
}

// askedBy says who wanted something. Whom our PID namespace does not show has no
// number in it.
func askedBy(who unix.Ucred) string {
	if who.Pid == 0 {
		return fmt.Sprintf(" by UID %d from outside the container", who.Uid)
	}
	return fmt.Sprintf(" by UID %d (pid %d)", who.Uid, who.Pid)
}

func (s *Server) allowed(who unix.Ucred) bool {
	uid := int(who.Uid)
	return uid == 0 || uid == os.Geteuid() || slices.Contains(s.Allow, uid)
}

// peer tells who connected, as it was at that moment (unix(7), SO_PEERCRED).
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

// readRequest reads one line, without its newline; what is sent behind it is
// not looked at. A line without a newline at the end of what is sent will do.
func readRequest(from io.Reader) ([]byte, error) {
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
		return nil, fmt.Errorf("no request came within %v: write one line of JSON", askWithin)
	}
	return nil, err
}

// parseRequest reads the line, and says what is wrong with it.
func parseRequest(line []byte) (Request, error) {
	var r Request
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Request{}, fmt.Errorf("the request is no JSON that is known here: %v; write, for example, {\"verb\":\"status\"}", err)
	}
	if rest := bytes.TrimSpace(line[decoder.InputOffset():]); len(rest) > 0 {
		return Request{}, errors.New("there is something behind the request: one line is one request")
	}
	switch r.Verb {
	case VerbStatus, VerbHealth, VerbShutdown:
		return r, nil
	case VerbWhy:
		if len(r.Services) != 1 {
			return Request{}, errors.New("why: name one service")
		}
		return r, nil
	}
	return Request{}, fmt.Errorf("%q is no verb; there are: %s", r.Verb, strings.Join([]string{VerbStatus, VerbHealth, VerbWhy, VerbShutdown}, ", "))
}

// answer says what is asked for.
func (s *Server) answer(ctx context.Context, r Request) Reply {
	name := ""
	if r.Verb == VerbWhy {
		name = r.Services[0]
	}
	now, err := s.Loop.Look(ctx, name)
	if err != nil {
		return Reply{Error: noAnswer(err)}
	}
	for _, name := range r.Services {
		if now.Find(name) == nil {
			return Reply{Error: unknown(name, &now.Report)}
		}
	}
	switch r.Verb {
	case VerbShutdown:
		return Reply{Shutdown: shutdownOf(&now.Report)}
	case VerbHealth:
		ok, words := now.Health(r.Services, r.Live)
		return Reply{Health: &Health{OK: ok, Words: words}}
	case VerbWhy:
		why := &Why{Service: serviceOf(now.At, now.Find(name), s.memory(&now.Report), s.outputs()), Runs: []Run{}}
		for i := range now.Records {
			why.Runs = append(why.Runs, runOf(now.At, &now.Records[i]))
		}
		why.Lines = s.recent(name)
		return Reply{Why: why}
	}
	status := statusOf(&now.Report, r.Services, s.memory(&now.Report), s.outputs())
	status.PID, status.File = os.Getpid(), s.File
	return Reply{Status: status}
}

// What `why` shows of a service's last lines.
const (
	whyLines     = 20
	whyLineBytes = 1 << 10
)

func (s *Server) recent(name string) (lines []string) {
	if s.Recent == nil {
		return nil
	}
	for _, line := range s.Recent(name, whyLines) {
		text := string(line[:min(len(line), whyLineBytes)])
		if len(line) > whyLineBytes {
			text += " ..."
		}
		lines = append(lines, strings.ToValidUTF8(text, "\ufffd"))
	}
	return lines
}

// shutdown begins the end when the caller has gone. It is a process of this
// container as a rule: if the end began at once, it could be swept up with
// everything else that is left, before it has printed the answer.
func (s *Server) shutdown(c *callers.Caller, r Request, who unix.Ucred) {
	c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(goneWithin))
	_, _ = io.CopyN(io.Discard, c, requestBytes)
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	_, _ = s.Loop.Shutdown(ctx, r.Now, askedBy(who))
}

func shutdownOf(r *service.Report) *Shutdown {
	live := 0
	for i := range r.Services {
		if r.Services[i].State.Live() {
			live++
		}
	}
	return &Shutdown{Already: r.Stopping, Services: live}
}

func (s *Server) memory(r *service.Report) map[int]int64 {
	if s.Memory == nil {
		return nil
	}
	var leaders []int
	for i := range r.Services {
		if pid := r.Services[i].PID; pid != 0 {
			leaders = append(leaders, int(pid))
		}
	}
	return s.Memory(leaders)
}

func (s *Server) outputs() []service.Output {
	if s.Output == nil {
		return nil
	}
	return s.Output()
}

func noAnswer(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("sexton does not answer: its loop has been busy for %v, with a start from a disk that hangs perhaps", answerWithin)
	}
	return err.Error()
}

func unknown(name string, r *service.Report) string {
	var names []string
	for i := range r.Services {
		names = append(names, r.Services[i].Name)
	}
	return fmt.Sprintf("no service is called %q; there are: %s", name, strings.Join(names, ", "))
}

func (s *Server) reply(c net.Conn, r Reply) {
	line, err := json.Marshal(r)
	if err != nil {
		return
	}
	_ = c.SetWriteDeadline(time.Now().Add(answerWithin))
	_, _ = c.Write(append(line, '\n'))
}

// bare takes the path out of an error, which we name ourselves.
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
