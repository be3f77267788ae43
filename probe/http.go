package probe

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sexton/service"
)

const (
	// statusBytes is how much of an answer is looked at for the end of its first
	// line, and answerBytes how much is read before that line, of interim answers.
	statusBytes = 1024
	answerBytes = 64 << 10
	// politeBytes and politeTime bound the reading of the rest. If the answer is not read to
	// its end, the server's connection is reset, and many servers log that at every
	// probe.
	politeBytes = 16 << 10
	politeTime  = 100 * time.Millisecond
)

// checkHTTP makes one GET request. 200 to 399 is ready, as in Kubernetes; it does not
// follow redirections.
func checkHTTP(ctx context.Context, p service.Probe) error {
	where, err := parseURL(p.Target)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, p, where.address)
	if err != nil {
		return err
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
	line, interim, err := readStatus(conn)
	if err != nil && interim != 0 {
		return fmt.Errorf("HTTP %d, then %w", interim, inWords(ctx, p, err))
	} else if err != nil {
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

// readStatus reads the first line of the final answer, or as much as there is of it.
// It skips interim answers (RFC 9110, 15.2: 100 Continue, 103 Early Hints and others), which
// come before the final one; interim is the status of the last of them,
// or 0. 101 Switching Protocols is final: no other answer follows it. An error means
// that there is no final answer.
func readStatus(from io.Reader) (line string, interim int, err error) {
	r := bufio.NewReaderSize(&bounded{from, answerBytes}, statusBytes)
	for {
		line, whole, err := readLine(r)
		if err != nil {
			return "", interim, err
		}
		status, err := parseStatus(line)
		if err != nil || status < 100 || status > 199 || status == 101 {
			return line, interim, nil
		}
		interim = status
		for line != "" { // its headers, which an empty line ends
			for !whole && err == nil {
				_, whole, err = readLine(r)
			}
			if err == nil {
				line, whole, err = readLine(r)
			}
			if err != nil {
				return "", interim, err
			}
		}
	}
}

// bounded reads a limited number of bytes of an answer; more is an error.
type bounded struct {
	from io.Reader
	left int
}

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("no final answer in %d KiB", answerBytes>>10)
	}
	n, err := b.from.Read(into[:min(len(into), b.left)])
	b.left -= n
	return n, err
}

// readLine reads one line without its end, or the first statusBytes of it: then whole is
// false, and the next call goes on in the same line. The text before the end of the
// input is a line too.
func readLine(r *bufio.Reader) (line string, whole bool, err error) {
	text, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return string(text), false, nil
	case errors.Is(err, io.EOF) && len(text) > 0:
		return string(text), true, nil
	case err != nil:
		return "", true, err
	}
	return strings.TrimSuffix(string(text[:len(text)-1]), "\r"), true, nil
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

// target is where to send a request, and what to ask for.
type target struct {
	address string // host:port, to connect to
	host    string // as the Host header has it
	path    string // with the query
}

// parseURL takes an http:// URL apart. The port is 80 and the path "/" if they are missing; a
// fragment is not sent. Package config has checked the URL, and says what is wrong with one.
func parseURL(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return target{}, err
	}
	if u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return target{}, fmt.Errorf("%q: not an http:// URL with a host", text)
	}
	path := cmp.Or(u.RawPath, u.EscapedPath(), "/") // as written: RequestURI would encode a|b, and lose a %2F next to it
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery
	}
	return target{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), u.Host, path}, nil
}
