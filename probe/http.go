package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"sexton/service"
)

const (
	// statusBytes is how much of an answer is looked at for the end of its first
	// line.
	statusBytes = 1024
	// politeBytes and politeTime bound what is read of the rest. A server whose
	// answer is not read to the end sees its connection reset, and many write
	// that to their log, at every probe.
	politeBytes = 16 << 10
	politeTime  = 100 * time.Millisecond
)

// checkHTTP makes one GET request. 200 to 399 is ready, as Kubernetes has it;
// redirections are not followed.
func checkHTTP(ctx context.Context, p service.Probe) error {
	where, err := parseURL(p.Target)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, where.address)
	if err != nil {
		return inWords(ctx, p, err)
	}
	defer conn.Close()
	interrupt := func() { _ = conn.SetDeadline(time.Unix(1, 0)) } // long ago
	stop := context.AfterFunc(ctx, interrupt)
	defer stop()
	request := "GET " + where.path + " HTTP/1.1\r\nHost: " + where.host +
		"\r\nUser-Agent: sexton\r\nAccept: */*\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return inWords(ctx, p, err)
	}
	line, err := readStatus(conn)
	if err != nil {
		return inWords(ctx, p, err)
	}
	status, err := parseStatus(line)
	timer := time.AfterFunc(politeTime, interrupt)
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, conn, politeBytes)
	switch {
	case err != nil:
		return err
	case status < 200 || status > 399:
		return fmt.Errorf("HTTP %d", status)
	}
	return nil
}

// readStatus reads the first line of an answer, or as much as there is of it.
// The error is for no answer at all.
func readStatus(conn net.Conn) (string, error) {
	var buffer [statusBytes]byte
	n := 0
	for n < len(buffer) {
		got, err := conn.Read(buffer[n:])
		n += got
		if end := bytes.IndexByte(buffer[:n], '\n'); end >= 0 {
			return strings.TrimSuffix(string(buffer[:end]), "\r"), nil
		}
		if errors.Is(err, io.EOF) && n > 0 {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return string(buffer[:n]), nil
}

// parseStatus takes the number out of "HTTP/1.1 200 OK".
func parseStatus(line string) (int, error) {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if !strings.HasPrefix(version, "HTTP/") || err != nil || len(code) != 3 {
		return 0, fmt.Errorf("not an HTTP answer: %.40q", line)
	}
	return int(status), nil
}

// url is where to send a request, and what to ask for.
type url struct {
	address string // host:port, to connect to
	host    string // as the Host header has it
	path    string // with the query
}

// parseURL takes an http:// URL apart. Its host is a name, an IPv4 address or
// an IPv6 address in brackets; the port is 80 and the path "/" where they are
// missing. A fragment is not sent.
func parseURL(text string) (url, error) {
	wrong := func(why string) (url, error) { return url{}, fmt.Errorf("%q: %s", text, why) }
	const scheme = "http://"
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return wrong("not an http:// URL")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return wrong("a URL has no spaces in it; write %20")
	}
	rest, _, _ := strings.Cut(text[len(scheme):], "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	u := url{host: rest[:end], path: rest[end:]}
	if !strings.HasPrefix(u.path, "/") {
		u.path = "/" + u.path
	}
	if strings.Contains(u.host, "@") {
		return wrong("a user and a password are not sent")
	}
	host, port, why := splitHost(u.host)
	if why != "" {
		return wrong(why)
	}
	u.address = net.JoinHostPort(host, port)
	return u, nil
}

// splitHost takes "host:port" apart. why says what is wrong with it, if
// anything is.
func splitHost(text string) (host, port, why string) {
	host, port = text, "80"
	name, ipv6 := strings.CutPrefix(text, "[")
	if ipv6 {
		end := strings.IndexByte(name, ']')
		if end < 0 {
			return "", "", "the bracket of the address has no end"
		}
		host, text = name[:end], name[end+1:]
		if text != "" && text[0] != ':' {
			return "", "", "what follows the bracket is not a port"
		}
	}
	if colon := strings.IndexByte(text, ':'); colon >= 0 {
		port = text[colon+1:]
		if !ipv6 {
			host = text[:colon]
		}
	}
	switch n, err := strconv.ParseUint(port, 10, 16); {
	case host == "":
		return "", "", "no host in it"
	case strings.Contains(port, ":"):
		return "", "", "an IPv6 address belongs in brackets"
	case err != nil || n == 0:
		return "", "", "the port is not a number from 1 to 65535"
	}
	return host, port, ""
}
