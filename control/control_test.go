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
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/callers"
	"sexton/proc"
	"sexton/service"
	"sexton/verbs"
)

// loop answers like PID 1 would.
type loop struct {
	answer    service.Answer
	hangs     bool
	panics    bool
	shutdowns chan bool // the value of now
	orders    []string
}

func (l *loop) Look(ctx context.Context, name string) (service.Answer, error) {
	if l.panics {
		panic("a bug")
	}
	if l.hangs {
		<-ctx.Done()
		return service.Answer{}, ctx.Err()
	}
	return l.answer, nil
}

func (l *loop) Shutdown(_ context.Context, now bool, from string) (service.Answer, error) {
	if !strings.HasPrefix(from, " by UID ") {
		panic(from)
	}
	l.shutdowns <- now
	return l.answer, nil
}

func (l *loop) Change(_ context.Context, o service.Order) (service.Answer, error) {
	l.orders = append(l.orders, fmt.Sprintf("%v %v%s", o.Verb, o.Services, o.From))
	return l.answer, nil
}

func someAnswer() service.Answer {
	return service.Answer{
		Report: service.Report{At: 10 * time.Second, Services: []service.Status{
			{Name: "db", State: service.Up, Run: 1, PID: 7, Since: 2 * time.Second, Started: time.Second, Ready: true},
			{Name: "web", State: service.BackingOff, Since: 9 * time.Second, Restarts: 2, LastExit: "exited with status 1 after 2s", Waits: "its next start in 1s"},
			{Name: "job", State: service.Done, Ready: true},
		}},
		Records: []service.Record{{
			Run: 3, Number: 2, PID: 9, Started: 6 * time.Second, Ended: 8 * time.Second, Up: 7 * time.Second, Exit: "exited with status 1", Status: 1,
			Usage: proc.Usage{User: time.Second, MaxRSSBytes: 1 << 20},
		}},
	}
}

// listen serves at a path of the test's own.
func listen(t *testing.T, l *loop, sets ...func(*Server)) *Server {
	t.Helper()
	s, err := Listen([]string{filepath.Join(t.TempDir(), "s")}, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s.Loop, s.Gate = l, new(callers.Gate)
	s.within.answer, s.within.gone = 200*time.Millisecond, 100*time.Millisecond
	if !l.hangs {
		s.within.answer = 20 * time.Second
	}
	s.Memory = func(leaders []int) map[int]int64 {
		if !slices.Equal(leaders, []int{7}) {
			t.Errorf("the memory of %v was asked for", leaders)
		}
		return map[int]int64{7: 4096}
	}
	for _, set := range sets {
		set(s)
	}
	go s.Serve()
	t.Cleanup(s.Close)
	return s
}

func ask(t *testing.T, s *Server, r verbs.Request) verbs.Reply {
	t.Helper()
	reply, err := Ask([]string{s.Path()}, r, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestEachVerbIsAnswered(t *testing.T) {
	l := &loop{answer: someAnswer(), shutdowns: make(chan bool, 1)}
	s := listen(t, l)
	s.Recent = func(name string, n int) [][]byte {
		return [][]byte{[]byte("last words\xff of " + name), bytes.Repeat([]byte("x"), (1<<10)+1)}
	}
	for _, c := range []struct {
		request verbs.Request
		want    string
	}{
		{verbs.Request{Verb: "status"}, `{"status":{"uptime_seconds":10,"ready":false,"draining":false,"stopping":false,PID,"services":[` +
			`{"name":"db","state":"up","ready":true,"pid":7,"run":1,"uptime_seconds":9,"state_seconds":8,"restarts":0,"memory_bytes":4096},` +
			`{"name":"web","state":"backoff","ready":false,"state_seconds":1,"restarts":2,"last_exit":"exited with status 1 after 2s","waits_for":"its next start in 1s"},` +
			`{"name":"job","state":"done","ready":true,"state_seconds":10,"restarts":0}]}}`},
		{verbs.Request{Verb: "status", Services: []string{"job"}}, `{"status":{"uptime_seconds":10,"ready":false,"draining":false,"stopping":false,PID,"services":[` +
			`{"name":"job","state":"done","ready":true,"state_seconds":10,"restarts":0}]}}`},
		{verbs.Request{Verb: "health"}, `{"health":{"ok":false,"words":"web: backoff, waiting for its next start in 1s"}}`},
		{verbs.Request{Verb: "health", Services: []string{"db", "job"}}, `{"health":{"ok":true,"words":"ready"}}`},
		{verbs.Request{Verb: "health", Live: true}, `{"health":{"ok":true,"words":"live"}}`},
		{verbs.Request{Verb: "health", Live: true, Services: []string{"db"}}, `{"health":{"ok":true,"words":"live"}}`},
		{verbs.Request{Verb: "health", Live: true, Services: []string{"web"}}, `{"health":{"ok":false,"words":"web: backoff, waiting for its next start in 1s"}}`},
		{verbs.Request{Verb: "why", Services: []string{"web"}}, `{"why":{"service":{"name":"web","state":"backoff","ready":false,"state_seconds":1,"restarts":2,` +
			`"last_exit":"exited with status 1 after 2s","waits_for":"its next start in 1s"},` +
			`"runs":[{"run":3,"number":2,"pid":9,"started_seconds_ago":4,"ended_seconds_ago":2,"ready_after_seconds":1,"exit":"exited with status 1","status":1,` +
			`"user_seconds":1,"system_seconds":0,"max_rss_bytes":1048576}],` +
			`"lines":["last words� of web","` + strings.Repeat("x", (1<<10)) + ` ..."]}}`},
		{verbs.Request{Verb: "shutdown"}, `{"shutdown":{"already":false,"services":1}}`},
	} {
		reply := ask(t, s, c.request)
		if reply.Version != verbs.WireVersion {
			t.Errorf("%+v: version %d", c.request, reply.Version)
		}
		reply.Version = 0
		got, err := json.Marshal(reply)
		want := strings.ReplaceAll(c.want, "PID", fmt.Sprintf(`"pid":%d`, os.Getpid()))
		if err != nil || string(got) != want {
			t.Errorf("%+v\nanswered %s\ninstead of %s", c.request, got, want)
		}
	}
	if now := <-l.shutdowns; now {
		t.Error("the shutdown was asked for without its drain")
	}
	ask(t, s, verbs.Request{Verb: "shutdown", Now: true})
	if now := <-l.shutdowns; !now {
		t.Error("now did not arrive")
	}
}

func TestErrorSaysWhyARequestHasNoAnswer(t *testing.T) {
	l := &loop{answer: someAnswer(), shutdowns: make(chan bool, 1)}
	s := listen(t, l)
	for request, want := range map[string]string{
		`{"verb":"status","services":["wob"]}`:      `no service is called "wob"; there are: db, web, job`,
		`{"verb":"dance"}`:                          `"dance" is not a verb; the verbs are status, health, why, logs, events, start, stop, restart, run, signal, shutdown`,
		`{"verb":"why"}`:                            `why: name one service`,
		`{"verb":"why","services":["db","web"]}`:    `why: name one service`,
		`{"verb":"shutdown","services":["web"]}`:    `ends the container, not a service`,
		`{"verb":"status","color":true}`:            `unknown field`,
		`GET / HTTP/1.1`:                            `the request is not JSON`,
		`{"verb":"status","services":"web"}`:        `the request is not JSON`,
		`{}`:                                        `"" is not a verb`,
		strings.Repeat("[", 60_000):                 `the request is not JSON`,
		`"` + strings.Repeat("x", requestBytes*2):   `longer than`,
		`{"verb":"` + strings.Repeat("y", 60_000):   `the request is not JSON`,
		`{"verb":"status"}{"verb":"shutdown"}`:      `after the request`,
		`{"verb":"status"} garbage`:                 `after the request`,
		`{"verb":"health","live":true,"live":null}`: ``,
	} {
		reply := raw(t, s.Path(), request+"\n")
		if !strings.Contains(reply.Error, want) {
			t.Errorf("%.60s: %+v; there should be %q in it", request, reply, want)
		}
	}
	if len(l.shutdowns) > 0 {
		t.Error("a second request on the line was taken")
	}
}

// raw writes bytes and reads a reply. The server may close before all is
// written.
func raw(t *testing.T, path, text string) verbs.Reply {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, text)
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	var reply verbs.Reply
	if err := errors.Join(err, json.Unmarshal(line, &reply)); err != nil {
		t.Fatalf("%.60q: %v: %q", text, err, line)
	}
	return reply
}

func TestALoopThatHangsOrABugIsAnError(t *testing.T) {
	s := listen(t, &loop{hangs: true})
	if _, err := Ask([]string{s.Path()}, verbs.Request{Verb: "health", Live: true}, 10*time.Second); err == nil || !strings.Contains(err.Error(), "loop has been busy") {
		t.Errorf("error %v", err)
	}
	if _, err := Ask([]string{s.Path()}, verbs.Request{Verb: "health"}, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "does not answer in time") {
		t.Errorf("error %v", err)
	}
	s = listen(t, &loop{panics: true})
	if _, err := Ask([]string{s.Path()}, verbs.Request{Verb: "health"}, 10*time.Second); err == nil || !strings.Contains(err.Error(), "internal error: a bug") {
		t.Errorf("error %v", err)
	}
}

// Silent clients, half a line, a line without an end, clients that vanish: a client that asks
// properly meanwhile gets its answer at once.
func TestHostileClientsKeepNoOtherClientOut(t *testing.T) {
	s := listen(t, &loop{answer: someAnswer()})
	var open []net.Conn
	for i := range 500 {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		switch i % 4 {
		case 0:
			io.WriteString(conn, `{"verb":"sta`)
		case 1:
			go io.Copy(conn, endless{}) // until the server closes
		case 2:
			conn.Close()
		}
		if i%50 == 49 {
			began := time.Now()
			if ask(t, s, verbs.Request{Verb: "health"}).Health == nil {
				t.Error("no answer")
			}
			if took := time.Since(began); took > 3*time.Second { // of those 5 that a silent caller has
				t.Errorf("with %d others an answer took %v", i, took)
			}
		}
	}
	for _, conn := range open {
		conn.Close()
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestOnlyAllowedUsersMayAsk(t *testing.T) {
	s := &Server{Allow: []int{1000}}
	for uid, want := range map[uint32]bool{0: true, uint32(os.Geteuid()): true, 1000: true, 1001: false, 65534: false, ^uint32(0): false} {
		if got := s.permission(unix.Ucred{Uid: uid}) == verbs.Change; got != want {
			t.Errorf("UID %d: %v", uid, got)
		}
	}
}

func TestTheSocketIsMadeWhereItCan(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	defer unix.Umask(unix.Umask(0o077))
	first, err := Listen([]string{filepath.Join(dir, "no", "s"), path}, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Listen([]string{path}, 0o600); err == nil || !strings.Contains(err.Error(), "another program answers there") {
		t.Errorf("a socket that is in use was taken: %v", err)
	}
	// One that was killed leaves its socket behind.
	first.listener.Close()
	second, err := Listen([]string{path}, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	second.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	third, err := Listen([]string{path}, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path+"2", []byte("mine"), 0o600), os.Rename(path+"2", path)); err != nil {
		t.Fatal(err)
	}
	third.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error("the file of another was removed")
	}
	if _, err := Listen([]string{path}, 0o600); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("a file was taken: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "mine" {
		t.Error("the file is gone")
	}
	if _, err := Listen([]string{"/proc/s", "/no/such/s"}, 0o600); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("error %v", err)
	}
}

// FuzzRequest: whatever comes, the answer is one line of JSON, or none to
// somebody who has said nothing.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{
		`{"verb":"status"}`, `{"verb":"status","services":["db","web"]}` + "\n", `{"verb":"why","services":["web"]}`, `{"verb":"health","live":true}`,
		`{"verb":"shutdown","now":true}`, "", "\n", "\x00", `{"verb":"status","services":["\ud800"]}`, `[{"verb":1}]`, "GET / HTTP/1.0\r\n\r\n", `{"VERB":"status"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		line, err := new(Server).readRequest(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		if strings.Contains(string(line), "\n") || len(line) > requestBytes+1 {
			t.Fatalf("a line of %d bytes: %q", len(line), line)
		}
		r, v, err := parseRequest(line)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		s := &Server{Source: verbs.Source{Loop: &loop{answer: someAnswer()}}}
		reply := s.answer(context.Background(), v, &r)
		count := 0
		for _, there := range []bool{reply.Error != "", reply.Status != nil, reply.Health != nil, reply.Why != nil, reply.Shutdown != nil} {
			if there {
				count++
			}
		}
		if text, err := json.Marshal(reply); err != nil || count != 1 || strings.Contains(string(text), "\n") {
			t.Errorf("%+v: %s, %v", r, text, err)
		}
	})
}
