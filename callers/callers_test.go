package callers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// echo answers a line with itself.
func echo(c *Caller) {
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return
	}
	if line == "panic\n" {
		panic(line)
	}
	c.Heard()
	io.WriteString(c, line)
}

func listen(t *testing.T, serve func(*Caller)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		Serve(listener, new(Gate), serve)
		close(done)
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return path
}

func call(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func TestSilentCallersAreCutOffOldestFirst(t *testing.T) {
	path := listen(t, echo)
	var silent []net.Conn
	for range 3 * Max {
		silent = append(silent, call(t, path))
	}
	conn := call(t, path)
	io.WriteString(conn, "hello\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
		t.Errorf("%q, %v", line, err)
	}
	if _, err := silent[0].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the first silent caller is still there: %v", err)
	}
	last := silent[len(silent)-1]
	io.WriteString(last, "at last\n")
	if line, err := bufio.NewReader(last).ReadString('\n'); line != "at last\n" {
		t.Errorf("the last silent caller was cut off: %q, %v", line, err)
	}
}

// Many callers come in one burst, before the goroutine of the first has begun: what is cut
// off then is not given time by its goroutine.
func TestEarlyDisconnectedCallerStaysDisconnected(t *testing.T) {
	arrived, begin, ended := make(chan struct{}), make(chan struct{}), make(chan error, 2*Max)
	path := listen(t, func(c *Caller) {
		arrived <- struct{}{}
		<-begin
		_ = c.SetReadDeadline(time.Now().Add(time.Hour))
		_, err := c.Read(make([]byte, 1))
		ended <- err
	})
	for range 2 * Max {
		call(t, path)
	}
	for range 2 * Max {
		select {
		case <-arrived:
		case <-time.After(20 * time.Second):
			t.Fatal("not all callers were let in")
		}
	}
	close(begin)
	for range Max {
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("a caller ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a caller who was cut off is still there")
		}
	}
}

func TestCallerWithARequestIsNotDisconnectedForASilentOne(t *testing.T) {
	release, heard := make(chan struct{}), make(chan struct{})
	path := listen(t, func(c *Caller) {
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line == "" {
			return
		}
		c.Heard()
		close(heard)
		<-release
		fmt.Fprintln(c, "done")
	})
	first := call(t, path)
	io.WriteString(first, "long\n")
	select {
	case <-heard:
	case <-time.After(20 * time.Second):
		t.Fatal("the first caller was not heard")
	}
	for range 2 * Max {
		call(t, path)
	}
	close(release)
	if line, err := bufio.NewReader(first).ReadString('\n'); line != "done\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// A new caller is not disconnected as the silent one, even if all others have sent their requests
// and do not read their answers.
func TestNewCallerIsServed(t *testing.T) {
	heard, release := make(chan struct{}), make(chan struct{})
	path := listen(t, func(c *Caller) {
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			return
		}
		c.Heard()
		if line == "hold\n" {
			heard <- struct{}{}
			<-release
		}
		io.WriteString(c, line)
	})
	defer close(release)
	for range Max {
		io.WriteString(call(t, path), "hold\n")
		select {
		case <-heard:
		case <-time.After(20 * time.Second):
			t.Fatal("a caller was not heard")
		}
	}
	newcomer := call(t, path)
	io.WriteString(newcomer, "hello\n")
	if line, err := bufio.NewReader(newcomer).ReadString('\n'); line != "hello\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// Callers with their answer are disconnected first, then silent ones, then those with large answers, which
// have half of the places at most, and last those that wait for a short answer.
func TestOrderOfDisconnecting(t *testing.T) {
	all := &bounded{places: 6}
	add := func() *Caller {
		one, other := net.Pipe()
		t.Cleanup(func() { one.Close(); other.Close() })
		c := &Caller{Conn: one, Gate: new(Gate), all: all, stage: silent}
		all.admit(c)
		return c
	}
	wantCut := func(want *Caller, what string) {
		t.Helper()
		add()
		if !want.cut {
			t.Errorf("%s was not cut off", what)
		}
	}
	var c [6]*Caller
	for i := range c {
		c[i] = add()
	}
	c[0].Heard()
	for i, want := range []bool{true, true, true, false} {
		if got := c[i+1].Large(); got != want {
			t.Errorf("the %dth large answer of 6 callers: %v", i+1, got)
		}
	}
	c[4].Heard()
	c[5].Answered()
	wantCut(c[5], "one who has its answer")
	newcomer := all.callers[5]
	wantCut(newcomer, "the silent one")
	all.callers[5].Heard()
	wantCut(c[1], "the oldest with a large answer")
	for _, other := range all.callers {
		other.Heard()
	}
	wantCut(c[0], "the oldest of those who wait for a short answer")
}

func TestAPanicEndsOneCall(t *testing.T) {
	path := listen(t, echo)
	bad, good := call(t, path), call(t, path)
	io.WriteString(bad, "panic\n")
	if _, err := bad.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("error %v", err)
	}
	io.WriteString(good, "still here\n")
	if line, err := bufio.NewReader(good).ReadString('\n'); line != "still here\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// A flood of callers must not take the descriptors that the start of a service needs.
func TestCallersTakeAnEighthOfTheDescriptors(t *testing.T) {
	for limit, want := range map[uint64]int{0: 1, 20: 1, 64: 2, 256: 8, 1024: 32, 4096: Max, 1 << 20: Max, ^uint64(0): Max} {
		if got := placesOf(limit); got != want {
			t.Errorf("%d descriptors: %d places, want %d", limit, got, want)
		}
	}
}
