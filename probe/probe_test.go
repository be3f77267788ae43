package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sexton/service"
)

// patience is longer than any check takes that gets an answer.
const patience = 20 * time.Second

// check runs one check that may take patience at most.
func check(t *testing.T, kind service.ProbeKind, target string, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return Check(ctx, service.Probe{Kind: kind, Target: target, Timeout: timeout}, nil)
}

func wantError(t *testing.T, what string, got error, want string) {
	t.Helper()
	if text := fmt.Sprint(got); text != want {
		t.Errorf("%s: got %q, want %q", what, text, want)
	}
}

// listen returns a listener that accepts nothing until the test does.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// serve answers every connection by answer.
func serve(t *testing.T, address string, answer func(net.Conn)) string {
	l := listen(t, address)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// say is an answer that reads the request and writes text.
func say(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, text)
	}
}

func readRequest(conn net.Conn) string {
	var request strings.Builder
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		request.WriteString(line)
		if err != nil || line == "\r\n" {
			return request.String()
		}
	}
}

// refused is an address that nobody listens on.
func refused(t *testing.T) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	_ = l.Close()
	return l.Addr().String()
}

func TestTCP(t *testing.T) {
	// It is enough that the kernel accepts: the program may be slow to.
	silent := listen(t, "127.0.0.1:0").Addr().String()
	wantError(t, "nobody accepts yet", check(t, service.TCPProbe, silent, patience), "<nil>")
	wantError(t, "refused", check(t, service.TCPProbe, refused(t), patience), "connection refused")
	_, port, _ := net.SplitHostPort(silent)
	wantError(t, "localhost", check(t, service.TCPProbe, "localhost:"+port, patience), "<nil>")
	wantError(t, "no port", check(t, service.TCPProbe, "127.0.0.1", patience), "address 127.0.0.1: missing port in address")
}

func TestTCPOverIPv6(t *testing.T) {
	address := listen(t, "[::1]:0").Addr().String()
	wantError(t, "IPv6", check(t, service.TCPProbe, address, patience), "<nil>")
	_, port, _ := net.SplitHostPort(address)
	wantError(t, "localhost", check(t, service.TCPProbe, "localhost:"+port, patience), "<nil>")
}

// A server that has stopped accepting fills its backlog; then the kernel leaves
// us without an answer.
func TestTCPWithAFullBacklog(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	target := fmt.Sprint("127.0.0.1:", name.(*syscall.SockaddrInet4).Port)
	// A connection that has been accepted by the kernel stays in the backlog
	// after we close it.
	for range 10 {
		if err = check(t, service.TCPProbe, target, 50*time.Millisecond); err != nil {
			break
		}
	}
	wantError(t, "full backlog", err, "no answer within 50ms")
}

// interim is an interim answer, so many times.
func interim(status, times int) string {
	return strings.Repeat(fmt.Sprintf("HTTP/1.1 %d x\r\nLink: </a.css>\r\n\r\n", status), times)
}

func TestHTTPStatus(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for answer, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":      "<nil>",
		"HTTP/1.1 204 No Content\r\n\r\n":                   "<nil>",
		"HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n":         "<nil>",
		"HTTP/1.1 399\r\n\r\n":                              "<nil>",
		"HTTP/1.1 200 OK":                                   "<nil>",
		"HTTP/1.1 200 OK\n\n":                               "<nil>",
		"HTTP/1.1 404 Not Found\r\n\r\n":                    "HTTP 404",
		"HTTP/1.1 503 Service Unavailable\r\n\r\nbody":      "HTTP 503",
		"HTTP/1.1 100 Continue\r\n\r\n":                     "HTTP 100, then connection closed without an answer",
		"HTTP/1.1 100 Continue\r\n\r\n" + ok:                "<nil>",
		"HTTP/1.1 103 Early Hints\nLink: </a.css>\n\n" + ok: "<nil>",
		interim(103, 50) + "HTTP/1.1 503 No\r\n\r\n":        "HTTP 503",
		interim(103, 50) + "nonsense":                       `not an HTTP answer: "nonsense"`,
		interim(103, 1<<15):                                 "HTTP 103, then no final answer in 64 KiB",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n" + ok:     "HTTP 101",
		"HTTP/1.1 099 \r\n\r\n" + ok:                        "HTTP 99",
		// A header as long as the buffer is no empty line at its end.
		"HTTP/1.1 103 \r\nX: " + strings.Repeat("x", statusBytes-3) + "\r\nY: y\r\n\r\n" + ok: "<nil>",
		"SSH-2.0-OpenSSH_9.2\r\n":  `not an HTTP answer: "SSH-2.0-OpenSSH_9.2"`,
		"\x00\xff\x01garbage":      `not an HTTP answer: "\x00\xff\x01garbage"`,
		"HTTP/1.1 2000 OK\r\n\r\n": `not an HTTP answer: "HTTP/1.1 2000 OK"`,
		"HTTP/1.1 +20 OK\r\n\r\n":  `not an HTTP answer: "HTTP/1.1 +20 OK"`,
		"\r\n":                     `not an HTTP answer: ""`,
		"":                         "connection closed without an answer",
		strings.Repeat("x", 1<<20): `not an HTTP answer: "` + strings.Repeat("x", 40) + `"`,
		"HTTP/1.1 200 " + strings.Repeat("x", 1<<20) + "\r\n": "<nil>",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20): "<nil>",
	} {
		address := serve(t, "127.0.0.1:0", say(answer))
		wantError(t, fmt.Sprintf("%.30q", answer), check(t, service.HTTPProbe, "http://"+address, patience), want)
	}
}

func TestHTTPRequest(t *testing.T) {
	var request atomic.Value
	address := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		request.Store(readRequest(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	})
	for target, path := range map[string]string{
		"http://" + address:                        "/",
		"HTTP://" + address + "/healthz?full=1#it": "/healthz?full=1",
		"http://" + address + "?q":                 "/?q",
	} {
		wantError(t, target, check(t, service.HTTPProbe, target, patience), "<nil>")
		want := "GET " + path + " HTTP/1.1\r\nHost: " + address +
			"\r\nUser-Agent: sexton\r\nAccept: */*\r\nConnection: close\r\n\r\n"
		if got := request.Load(); got != want {
			t.Errorf("%s: asked %q, want %q", target, got, want)
		}
	}
}

// A probe must not leave resets in the log of a server whose answer it does not
// care for.
func TestHTTPReadsTheRestOfAnAnswer(t *testing.T) {
	end := make(chan error, 1)
	address := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 8000))
		_ = conn.(*net.TCPConn).CloseWrite()
		_, err := conn.Read(make([]byte, 1))
		end <- err
	})
	wantError(t, "a page", check(t, service.HTTPProbe, "http://"+address, patience), "<nil>")
	select {
	case err := <-end:
		if err != io.EOF {
			t.Errorf("the server saw %v, want EOF", err)
		}
	case <-time.After(patience):
		t.Error("the connection was not closed")
	}
}

// A server that keeps the connection open must not keep the probe.
func TestHTTPDoesNotWaitForTheEnd(t *testing.T) {
	gone := make(chan struct{})
	address := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		say("HTTP/1.1 200 OK\r\n\r\n")(conn)
		_, _ = io.Copy(io.Discard, conn)
		close(gone)
	})
	wantError(t, "kept open", check(t, service.HTTPProbe, "http://"+address, patience), "<nil>")
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the connection was not closed")
	}
}

func TestHTTPWithoutAnAnswer(t *testing.T) {
	silent := listen(t, "127.0.0.1:0").Addr().String()
	wantError(t, "silence", check(t, service.HTTPProbe, "http://"+silent, 20*time.Millisecond), "no answer within 20ms")
	wantError(t, "refused", check(t, service.HTTPProbe, "http://"+refused(t), patience), "connection refused")
	reset := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		readRequest(conn)
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	wantError(t, "reset", check(t, service.HTTPProbe, "http://"+reset, patience), "connection reset by peer")
	half := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		say("HTTP/1.1 2")(conn)
		_, _ = io.Copy(io.Discard, conn)
	})
	hints := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		say(interim(103, 1))(conn)
		_, _ = io.Copy(io.Discard, conn)
	})
	wantError(t, "hints alone", check(t, service.HTTPProbe, "http://"+hints, 20*time.Millisecond), "HTTP 103, then no answer within 20ms")
	wantError(t, "half a line", check(t, service.HTTPProbe, "http://"+half, 20*time.Millisecond), "no answer within 20ms")
}

func TestCancelledCheckReturnsAtOnce(t *testing.T) {
	asked := make(chan struct{})
	address := serve(t, "127.0.0.1:0", func(conn net.Conn) {
		readRequest(conn)
		close(asked)
		_, _ = io.Copy(io.Discard, conn)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	wantError(t, "cancelled", Check(ctx, service.Probe{Kind: service.HTTPProbe, Target: "http://" + address}, nil), "cancelled")
	wantError(t, "file", Check(ctx, service.Probe{Kind: service.FileProbe, Target: "/"}, nil), "cancelled")
	over, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	wantError(t, "no time", Check(over, service.Probe{Kind: service.TCPProbe, Target: address}, nil), "no answer in time")
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ready")
	wantError(t, "missing", check(t, service.FileProbe, path, patience), "no such file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, "there", check(t, service.FileProbe, path, patience), "<nil>")
	wantError(t, "a directory", check(t, service.FileProbe, dir, patience), "<nil>")
	wantError(t, "below a file", check(t, service.FileProbe, path+"/x", patience), "not a directory")
}

// A file from before the start was left by another process, until something changes it.
func TestOldFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "ready"), filepath.Join(dir, "link")
	look := func() *service.FileMark {
		mark, err := Look(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return &mark
	}
	ask := func(what, target, want string, before *service.FileMark) {
		t.Helper()
		wantError(t, what, Check(t.Context(), service.Probe{Kind: service.FileProbe, Target: target}, before), want)
	}
	const old = "an old file: it was there before this start, and has not changed since"
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	none := look()
	ask("missing", path, "no such file", none)
	do(os.WriteFile(path, nil, 0o600))
	ask("new", path, "<nil>", none)
	before := look()
	ask("the same", path, old, before)
	do(os.Symlink(path, link))
	ask("the same by a link", link, old, before)
	ask("nothing known of before", path, "<nil>", nil)
	tomorrow := time.Now().Add(24 * time.Hour)
	do(os.Chtimes(path, tomorrow, tomorrow)) // a clock that was set back does no harm
	ask("touched", path, "<nil>", before)
	before = look()
	ask("the same of tomorrow", path, old, before)
	do(os.Rename(path, path+".old"))
	ask("gone", path, "no such file", before)
	do(os.WriteFile(path, nil, 0o600))
	do(os.Chtimes(path, tomorrow, tomorrow))
	ask("another one with the same time", path, "<nil>", before)
	_, err := Look(t.Context(), path+"/x")
	wantError(t, "below a file", err, "not a directory")
}

func TestOtherKindsAreAnError(t *testing.T) {
	wantError(t, "exec", check(t, service.ExecProbe, "", patience),
		`internal error: package probe cannot make a probe of kind "exec"`)
}

func TestErrorsOfNamesInWords(t *testing.T) {
	for _, test := range []struct {
		err  net.DNSError
		want string
	}{
		{net.DNSError{Err: "no such host", Name: "db", Server: "10.0.0.10:53", IsNotFound: true}, `no such host: "db"`},
		{net.DNSError{Err: "server misbehaving", Name: "db", IsTemporary: true}, `cannot look up "db": server misbehaving`},
		{net.DNSError{Err: "i/o timeout", Name: "db", IsTimeout: true}, `the name "db" is not resolved: no answer from the name server within 1s`},
	} {
		var names names
		err := &net.OpError{Op: "dial", Net: "tcp", Err: &test.err}
		wantError(t, test.err.Error(), names.inWords(t.Context(), service.Probe{Timeout: time.Second}, err), test.want)
	}
}

// A name server that takes questions and answers none is named: the service is not to
// blame.
func TestSilentNameServerIsNamed(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer silent.Close()
	var names names
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return names.dial(ctx, "udp", silent.LocalAddr().String())
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	dialer := net.Dialer{Resolver: &resolver}
	_, err = dialer.DialContext(ctx, "tcp", "db.example:5432")
	wantError(t, "silence", names.inWords(ctx, service.Probe{Timeout: 50 * time.Millisecond}, err),
		`the name "db.example" is not resolved: no answer from the name server `+silent.LocalAddr().String()+" within 50ms")
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]target{
		"http://web":                       {"web:80", "web", "/"},
		"HTTP://web?a":                     {"web:80", "web", "/?a"},
		"http://web:8080/a/b?c=d#e":        {"web:8080", "web:8080", "/a/b?c=d"},
		"http://web/x%2Fy|z":               {"web:80", "web", "/x%2Fy|z"},
		"http://web/%2f%20%C3%A9?q=%zz":    {"web:80", "web", "/%2f%20%C3%A9?q=%zz"},
		"http://[::1]":                     {"[::1]:80", "[::1]", "/"},
		"http://[::1]:9000/x":              {"[::1]:9000", "[::1]:9000", "/x"},
		"http://127.0.0.1:80?x=http://y/z": {"127.0.0.1:80", "127.0.0.1:80", "/?x=http://y/z"},
	} {
		if got, err := parseURL(text); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"https://web", "web:80", "http://", "http://:80/", "http://web:http", "http://[::1/", "http://me:pw@web/", "http://web/\r\nX: y"} {
		if got, err := parseURL(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
