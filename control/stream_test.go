package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sexton/internal/await"
	"sexton/service"
	"sexton/verbs"
)

// source is the output of services, for one client.
type source struct {
	pieces chan service.Piece
	closed chan struct{}
}

func (s *source) Next(ctx context.Context) ([]service.Piece, int64, int64, bool) {
	select {
	case p := <-s.pieces:
		return []service.Piece{p}, 3, 30, true
	case <-ctx.Done():
		return nil, 0, 0, false
	}
}

func (s *source) Close() { close(s.closed) }

func listenForLogs(t *testing.T) (*Server, *source) {
	tap := &source{pieces: make(chan service.Piece), closed: make(chan struct{})}
	s := listen(t, &loop{answer: someAnswer()}, func(s *Server) {
		s.Tap = func(services []string) ([]service.Piece, verbs.Tap) {
			return []service.Piece{{Service: "db", Stream: "stderr", At: time.Now(), Text: []byte("one\nbegin")}}, tap
		}
	})
	return s, tap
}

// An answer of many lines ends when the client has gone, and its source is closed then.
func TestStreamsAreAnsweredUntilTheClientGoes(t *testing.T) {
	s, tap := listenForLogs(t)
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(conn, `{"verb":"logs","follow":true,"services":["db"],"version":1}`)
	lines := bufio.NewScanner(conn)
	next := func() (r verbs.Reply) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the end: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil || r.Version != verbs.WireVersion {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		return r
	}
	if r := next(); !r.Begun {
		t.Errorf("%+v", r)
	}
	if r := next(); r.Log == nil || len(r.Log.Lines) != 1 || r.Log.Lines[0] != "one" || r.Log.Stream != "stderr" {
		t.Errorf("%+v", r.Log)
	}
	tap.pieces <- service.Piece{Service: "db", Stream: "stderr", At: time.Now(), Text: []byte(" end\n")}
	if r := next(); r.Log == nil || r.Log.Lines[0] != "begin end" {
		t.Errorf("%+v", r.Log)
	}
	if r := next(); r.Log == nil || r.Log.Note != "3 lines (30B) came too fast for this client and are missing here" {
		t.Errorf("%+v", r.Log)
	}
	// A client may close its own direction (socat at the end of its input) and read on.
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	tap.pieces <- service.Piece{Service: "db", Stream: "stdout", At: time.Now(), Text: []byte("more\n")}
	if r := next(); r.Log == nil || r.Log.Lines[0] != "more" {
		t.Errorf("%+v", r.Log)
	}
	conn.Close()
	select {
	case <-tap.closed:
	case <-time.After(await.Patience):
		t.Error("the source is still open")
	}
}

// The client reads all lines, and the last one ends it.
func TestFollowReadsToTheEnd(t *testing.T) {
	s, _ := listenForLogs(t)
	var all []string
	done, err := Follow([]string{s.Path()}, verbs.Request{Verb: "logs"}, await.Patience, func(r verbs.Reply) error {
		all = append(all, r.Log.Lines...)
		return nil
	})
	if err != nil || done.Failed || strings.Join(all, ",") != "one,begin" {
		t.Errorf("%+v, %v, %q", done, err, all)
	}
	done, err = Follow([]string{s.Path()}, verbs.Request{Verb: "logs", Services: []string{"nobody"}}, await.Patience, nil)
	if err != nil || !done.Failed || !strings.HasPrefix(done.Words, `no service is called "nobody"`) {
		t.Errorf("%+v, %v", done, err)
	}
}

// Many clients that come and go do not stop the server: the one that reads a connection and the one that
// closes it must not wait for each other at the gate.
func TestStreamsEndWithoutADeadlock(t *testing.T) {
	s, _ := listenForLogs(t)
	s.Tap = func([]string) ([]service.Piece, verbs.Tap) { return nil, &source{closed: make(chan struct{})} }
	within := time.Now().Add(2 * time.Second)
	for n := 0; n < 3000 && time.Now().Before(within); n++ {
		if _, err := Follow([]string{s.Path()}, verbs.Request{Verb: "logs"}, await.Patience, nil); err != nil {
			t.Fatalf("client %d: %v", n, err)
		}
	}
}

// A request of a later version is refused: we might misunderstand it.
func TestLaterVersionsAreRefused(t *testing.T) {
	s, _ := listenForLogs(t)
	for version, fine := range map[int]bool{0: true, verbs.WireVersion: true, verbs.WireVersion + 1: false, -1: false} {
		_, err := Ask([]string{s.Path()}, verbs.Request{Verb: "status", Version: version}, await.Patience)
		if (err == nil) != fine {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// FuzzRequestAgain: whatever a client writes is a request or an error, and the same request again means the same.
func FuzzRequestAgain(f *testing.F) {
	for _, seed := range []string{`{"verb":"status"}`, `{"verb":"logs","follow":true,"lines":-1,"since_seconds":1e300}`, `{"verb":"why","services":["a","b"]}`, `{`, `[]`, `{"verb":7}`, `{"version":99999999999}`, "{\"verb\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, v, err := parseRequest(line)
		if err != nil {
			if v != nil && v.Name != r.Verb {
				t.Errorf("%q: %v", line, v)
			}
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, same, err := parseRequest(again); err != nil || same != v {
			t.Errorf("%q is %v, and %s is %v, %v", line, v.Name, again, same, err)
		}
	})
}

// FuzzReply: whatever a server writes is a reply or an error, and can be printed.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{`{"log":{"lines":["a\u001b[31m"]}}`, `{"event":{"seq":1}}`, `{"done":{"failed":true}}`, `{"why":{}}`, `{"status":{"services":[{}]}}`, `nonsense`} {
		f.Add([]byte(seed + "\n"))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		a := asked{lines: bufio.NewReader(strings.NewReader(string(line)))}
		reply, err := a.next()
		if err != nil {
			return
		}
		page := verbs.Page{Width: 80, Name: 6, Now: time.Unix(0, 0)}
		if text, _, _ := page.Print(reply); strings.ContainsAny(text, "\x1b\x07\x00") {
			t.Errorf("%q is printed as %q", line, text)
		}
	})
}
