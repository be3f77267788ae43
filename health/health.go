// Package health answers probes and scrapes over HTTP: /livez, /readyz and
// /metrics. It implements as much of HTTP/1.1 as they need: one GET or HEAD per
// connection. (Package net/http costs megabytes, and half a millisecond of
// every start.)
package health

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"sexton/callers"
	"sexton/proc"
	"sexton/service"
)

const (
	headBytes    = 8 << 10         // the longest request, without a body
	askWithin    = 5 * time.Second // the request must have come
	answerWithin = 2 * time.Second // the loop must have answered; and then, the client must have taken it
	politeBytes  = 64 << 10        // of a body, which is ignored; see hangUp
	politeTime   = 200 * time.Millisecond
)

// Loop is what the server needs of the loop; see pid1.PID1.
type Loop interface {
	Look(ctx context.Context, name string) (service.Answer, error)
	// Alive returns nil when the loop has come round. It costs less than Look.
	Alive(ctx context.Context) error
}

// Server answers on one address. Its fields are set before Serve and not
// changed afterwards.
type Server struct {
	Loop    Loop
	Version string
	// Gate is not shared with other servers, and Memory does not go through it: a probe
	// waits only for short system calls.
	Gate *callers.Gate
	// Memory tells how much resident memory the process group of each PID has;
	// one that it does not know is left out. nil: nothing is known.
	Memory func(leaders []int) map[int]int64
	// Output are the accounts of what services wrote; nil: there are none.
	Output func() []service.Output

	listener net.Listener

	mu    sync.Mutex // for next
	next  time.Time  // when the next large answer may be given
	cache cache
}

// cache is the last answer to /metrics. Clients that ask while it is being made wait for it.
type cache struct {
	mu   sync.Mutex
	made time.Time
	text string
	err  error
}

// A scrape of a thousand services is a megabyte, and the memory of each costs a look at /proc.
// However many clients ask, sexton makes it at most twice a second and sends it at most fifty times a second.
const (
	cacheFor   = 500 * time.Millisecond
	largeEvery = 20 * time.Millisecond
)

// Listen opens an address: host:port, where the host is an IP address, localhost
// or empty. It looks up no names, because that could take long.
func Listen(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not a port", address, port)
	}
	where := net.TCPAddr{Port: int(number)}
	switch host {
	case "":
	case "localhost":
		where.IP = net.IPv4(127, 0, 0, 1)
	default:
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not an IP address", address, host)
		}
		where.IP, where.Zone = ip.AsSlice(), ip.Zone()
	}
	listener, err := net.ListenTCP("tcp", &where)
	if err != nil {
		var call *net.OpError
		if errors.As(err, &call) {
			err = call.Err
		}
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return &Server{listener: listener}, nil
}

// Serve answers until Close. It is for a goroutine of its own.
func (s *Server) Serve() { callers.Serve(s.listener, s.Gate, s.serve) }

// Close ends the service.
func (s *Server) Close() { s.listener.Close() }

// answer is one HTTP answer.
type answer struct {
	status string // "200 OK"
	header string // one more header with its line end; "": none
	body   string
}

func (s *Server) serve(c *callers.Caller) {
	_ = c.SetReadDeadline(time.Now().Add(askWithin))
	head, err := readHead(c)
	if err != nil && !errors.Is(err, errTooLong) {
		return
	}
	c.Heard()
	a, withBody := s.respond(head, err, c)
	text := "HTTP/1.1 " + a.status + "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
		strconv.Itoa(len(a.body)) + "\r\nCache-Control: no-store\r\nConnection: close\r\n" + a.header + "\r\n"
	if withBody && len(a.body) < headBytes { // in one write with its head
		text, withBody = text+a.body, false
	}
	_ = c.SetWriteDeadline(time.Now().Add(answerWithin))
	_, err = io.WriteString(c, text)
	if withBody && err == nil {
		_, err = io.WriteString(c, a.body)
	}
	if err == nil {
		c.Answered()
		hangUp(c)
	}
}

// turn waits for this caller's turn to get a large answer.
func (s *Server) turn() {
	s.mu.Lock()
	now := time.Now()
	if s.next.Before(now) {
		s.next = now
	}
	wait := s.next.Sub(now)
	s.next = s.next.Add(largeEvery)
	s.mu.Unlock()
	time.Sleep(wait)
}

// hangUp reads what the caller is still sending, up to a bound, before the connection is
// closed: closing a socket with unread bytes resets it, and the answer may be lost.
func hangUp(c *callers.Caller) {
	c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(politeTime))
	_, _ = io.CopyN(io.Discard, c, politeBytes)
}

var errTooLong = errors.New("the request is too long")

// readHead reads a request up to its empty line.
func readHead(from io.Reader) (string, error) {
	buffer := make([]byte, 0, 512)
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := from.Read(buffer[len(buffer):min(cap(buffer), headBytes)])
		buffer = buffer[:len(buffer)+n]
		for _, end := range []string{"\r\n\r\n", "\n\n"} {
			if at := bytes.Index(buffer, []byte(end)); at >= 0 {
				return string(buffer[:at]), nil
			}
		}
		switch {
		case len(buffer) >= headBytes:
			return "", errTooLong
		case err != nil:
			return "", err
		}
	}
}

// respond answers a request of c. withBody is false for HEAD.
func (s *Server) respond(head string, failed error, c caller) (a answer, withBody bool) {
	if failed != nil {
		return answer{status: "431 Request Header Fields Too Large", body: failed.Error() + "\n"}, true
	}
	line, _, _ := strings.Cut(head, "\n")
	words := strings.Split(strings.TrimSuffix(line, "\r"), " ")
	if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/1.") {
		return answer{status: "400 Bad Request", body: "this is not an HTTP/1 request\n"}, true
	}
	if words[0] != "GET" && words[0] != "HEAD" {
		return answer{status: "405 Method Not Allowed", header: "Allow: GET, HEAD\r\n", body: "GET or HEAD\n"}, true
	}
	path, _, _ := strings.Cut(words[1], "?")
	return s.get(path, c), words[0] == "GET"
}

// caller is what respond needs of callers.Caller.
type caller interface{ Large() bool }

// get answers for a path.
func (s *Server) get(path string, c caller) answer {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	switch path {
	case "/livez":
		if err := s.Loop.Alive(ctx); err != nil {
			return noAnswer(err)
		}
		return answer{status: "200 OK", body: "live\n"}
	case "/readyz":
		return s.ready(ctx)
	case "/metrics":
		if !c.Large() {
			return answer{status: unavailable, header: "Retry-After: 1\r\n", body: "too many clients ask for /metrics at once\n"}
		}
		s.turn()
		text, err := s.scrape()
		if err != nil {
			return noAnswer(err)
		}
		return answer{status: "200 OK", body: text}
	}
	return answer{status: "404 Not Found", body: "there are /livez, /readyz and /metrics\n"}
}

func (s *Server) ready(ctx context.Context) answer {
	now, err := s.Loop.Look(ctx, "")
	if err != nil {
		return noAnswer(err)
	}
	ok, words := now.Health(nil, false)
	words = proc.Visible(words) // the kubelet's events show it
	if !ok {
		return answer{status: unavailable, body: "not ready: " + words + "\n"}
	}
	return answer{status: "200 OK", body: words + "\n"}
}

// scrape is the text of /metrics, at most cacheFor old.
func (s *Server) scrape() (string, error) {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if c := &s.cache; !c.made.IsZero() && time.Since(c.made) < cacheFor {
		return c.text, c.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	now, err := s.Loop.Look(ctx, "")
	s.cache.text, s.cache.err = "", err
	if err == nil {
		s.cache.text = s.metrics(&now)
	}
	s.cache.made = time.Now()
	return s.cache.text, err
}

func noAnswer(err error) answer {
	return answer{status: unavailable, body: "sexton's loop does not answer: " + err.Error() + "\n"}
}

const unavailable = "503 Service Unavailable"
