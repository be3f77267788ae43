package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"sexton/callers"
	"sexton/internal/golden"
	"sexton/service"
)

func address(s *Server) string { return s.listener.Addr().String() }

type loop struct {
	answer service.Answer
	err    error
}

func (l loop) Look(context.Context, string) (service.Answer, error) { return l.answer, l.err }

func (l loop) Alive(context.Context) error { return l.err }

func someAnswer() service.Answer {
	return service.Answer{
		Report: service.Report{At: 90 * time.Second, Ready: true, Services: []service.Status{
			{Name: "db", State: service.Up, Run: 1, PID: 7, Started: time.Second, Ready: true},
			{Name: "job", State: service.Done, Restarts: 3, Ready: true},
		}},
		Counts: service.Counts{TurnMax: 3 * time.Millisecond, Signals: 1, Sent: 2, Lost: 3, Starts: 4, Refused: 5, Reaped: 6, Orphans: 7},
	}
}

func listen(t *testing.T, l Loop) *Server {
	t.Helper()
	s, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Loop, s.Gate, s.Version = l, new(callers.Gate), `1.0 "odd" \`
	s.Memory = func(leaders []int) map[int]int64 { return map[int]int64{7: 4096} }
	s.Output = func() []service.Output {
		return []service.Output{{Service: "db", Stream: "stdout", LinesIn: 1, LinesOut: 2, LinesDropped: 3, BytesIn: 4, BytesOut: 5, BytesDropped: 6}}
	}
	go s.Serve()
	t.Cleanup(s.Close)
	return s
}

// get asks with the client that everybody has.
func get(t *testing.T, s *Server, method, path, body string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+address(s)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func TestProbesAreAnswered(t *testing.T) {
	ready, stopping, notYet := someAnswer(), someAnswer(), someAnswer()
	stopping.Ready, stopping.Stopping = false, true
	notYet.Ready, notYet.Services[0].State, notYet.Services[0].Ready, notYet.Services[0].Waits = false, service.Starting, false, "waiting for tcp 127.0.0.1:1"
	for _, c := range []struct {
		loop         loop
		method, path string
		status       int
		text         string
	}{
		{loop{answer: ready}, "GET", "/livez", 200, "live\n"},
		{loop{answer: ready}, "GET", "/readyz", 200, "ready\n"},
		{loop{answer: ready}, "HEAD", "/readyz", 200, ""},
		{loop{answer: ready}, "GET", "/readyz?verbose", 200, "ready\n"},
		{loop{answer: ready}, "POST", "/readyz", 405, "GET or HEAD\n"},
		{loop{answer: ready}, "GET", "/", 404, "there are /livez, /readyz and /metrics\n"},
		{loop{answer: stopping}, "GET", "/livez", 200, "live\n"},
		{loop{answer: stopping}, "GET", "/readyz", 503, "not ready: stopping\n"},
		{loop{answer: notYet}, "GET", "/readyz", 503, "not ready: db: starting, waiting for tcp 127.0.0.1:1\n"},
		{loop{err: errors.New("busy")}, "GET", "/livez", 503, "sexton's loop does not answer: busy\n"},
	} {
		status, text := get(t, listen(t, c.loop), c.method, c.path, "")
		if status != c.status || text != c.text {
			t.Errorf("%s %s: %d %q, not %d %q", c.method, c.path, status, text, c.status, c.text)
		}
	}
	if status, _ := get(t, listen(t, loop{}), "POST", "/", strings.Repeat("x", politeBytes/2)); status != 405 {
		t.Errorf("with a body: %d", status)
	}
}

func TestMetricsAreAsTheGoldenFileShowsThem(t *testing.T) {
	s := listen(t, loop{answer: someAnswer()})
	status, text := get(t, s, "GET", "/metrics", "")
	if status != 200 {
		t.Fatal(status)
	}
	golden.File(t, "../testdata/metrics.golden", text)
	// The grammar of the format: docs.prometheus.io, "Exposition formats".
	sample := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? [0-9.]+$`)
	kinds := make(map[string]string)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if kinds[name] != "" || (kind == "counter") != strings.HasSuffix(name, "_total") {
				t.Errorf("%q: said twice, or a counter without _total", line)
			}
			kinds[name] = kind
			continue
		}
		if m := sample.FindStringSubmatch(line); !strings.HasPrefix(line, "# HELP ") && (m == nil || kinds[m[1]] == "") {
			t.Errorf("%q is no sample of a family that was named", line)
		}
	}
}

// raw sends bytes, and reads what comes back until the end.
func raw(t *testing.T, s *Server, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address(s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, text)
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%.40q: %v", text, err)
	}
	return string(all)
}

func TestOtherTextThanRequestsIsRefused(t *testing.T) {
	s := listen(t, loop{answer: someAnswer()})
	for text, want := range map[string]string{
		"GET /livez HTTP/1.0\n\n":                               "HTTP/1.1 200 OK\r\n",
		"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n":                "HTTP/1.1 200 OK\r\n",
		"GET /livez\r\n\r\n":                                    "HTTP/1.1 400 ",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n":  "HTTP/1.1 400 ",
		"PRI * HTTP/2.0\r\n\r\n":                                "HTTP/1.1 400 ",
		strings.Repeat("x", headBytes):                          "HTTP/1.1 431 ",
		"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 5000): "HTTP/1.1 431 ",
	} {
		if got := raw(t, s, text); !strings.HasPrefix(got, want) {
			t.Errorf("%.40q: %.80q", text, got)
		}
	}
}

func TestHostileClientsKeepNoOtherClientOut(t *testing.T) {
	s := listen(t, loop{answer: someAnswer()})
	for i := range 300 {
		conn, err := net.Dial("tcp", address(s))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			io.WriteString(conn, "GET /met")
		}
		if i%50 == 49 {
			began := time.Now()
			if status, _ := get(t, s, "GET", "/livez", ""); status != 200 {
				t.Errorf("status %d", status)
			}
			if took := time.Since(began); took > 3*time.Second { // of those 5 that a silent caller has
				t.Errorf("with %d others an answer took %v", i, took)
			}
		}
	}
}

func TestWhereToListen(t *testing.T) {
	s := listen(t, loop{})
	for address, want := range map[string]string{
		address(s):       "address already in use",
		"1.2.3.4:80":     "cannot assign requested address",
		"example.com:80": "is not an IP address",
		"localhost:http": "is not a port",
	} {
		if other, err := Listen(address); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: %v, %v", address, other, err)
		}
	}
}

// limited is a caller where there is no place for a large answer, or has one.
type limited bool

func (c limited) Large() bool { return !bool(c) }

func TestTooManyScrapesAreRefused(t *testing.T) {
	s := &Server{Loop: loop{answer: someAnswer()}}
	if a := s.get("/metrics", limited(true)); a.status != unavailable || !strings.Contains(a.header, "Retry-After") {
		t.Errorf("%+v", a)
	}
}

// FuzzRequest: whatever comes, the answer is one of ours, whole.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{
		"GET /metrics HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.0\n\n", "GET  / HTTP/1.1\r\n\r\n", "\r\n\r\n", "\n\n", "", "GET /livez?x=\x00 HTTP/1.9\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	s := &Server{Loop: loop{answer: someAnswer()}}
	f.Fuzz(func(t *testing.T, text []byte) {
		head, err := readHead(strings.NewReader(string(text)))
		if err != nil && !errors.Is(err, errTooLong) {
			return
		}
		if len(head) > headBytes {
			t.Fatalf("a head of %d bytes", len(head))
		}
		a, _ := s.respond(head, err, limited(false))
		var code int
		if n, _ := fmt.Sscanf(a.status, "%d ", &code); n != 1 || code < 200 || code > 503 || strings.ContainsAny(a.status, "\r\n") || a.body == "" {
			t.Errorf("%q: %+v", head, a)
		}
	})
}
