package control

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"sexton/verbs"
)

// A shutdown begins when the client that asked for it has gone: otherwise the client could be
// killed before it has printed the answer. The server does not wait long for a client that stays.
func TestShutdownWaitsUntilTheClientHasGone(t *testing.T) {
	l := &loop{answer: someAnswer(), shutdowns: make(chan bool, 1)}
	s := listen(t, l)
	conn := dialTest(t, s.Path())
	asked := time.Now()
	io.WriteString(conn, "{\"verb\":\"shutdown\"}\n")
	<-l.shutdowns
	if waited := time.Since(asked); waited < s.within.gone {
		t.Errorf("the end began %v after it was asked for, and the client is still there", waited)
	}
}

// The client does its part: it keeps the connection until it ends itself.
func TestClientThatAsksForShutdownStaysConnected(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which closes connections that are not referenced
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conns := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			io.WriteString(conn, "{\"shutdown\":{}}\n")
		}
		conns <- conn
	}()
	if _, err := Ask([]string{listener.Addr().String()}, verbs.Request{Verb: "shutdown"}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	conn := <-conns
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := io.Copy(io.Discard, conn); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it has gone: %v", err)
	}
}

// A socket on which a program listens is not replaced because the program is busy.
func TestABusySocketIsNotTakenForAStaleOne(t *testing.T) {
	path, _ := shortQueue(t)
	defer dialTest(t, path).Close()
	if s, err := Listen([]string{path}, 0o600); err == nil {
		s.Close()
		t.Error("it was replaced")
	}
}

func dialTest(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
