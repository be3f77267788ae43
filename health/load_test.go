package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sexton/service"
)

// slowLoop answers as a loop does that has a thousand services: not at once, and with a lot.
type slowLoop struct{ answer service.Answer }

func (l slowLoop) Look(context.Context, string) (service.Answer, error) {
	time.Sleep(5 * time.Millisecond)
	return l.answer, nil
}

func (l slowLoop) Alive(context.Context) error {
	time.Sleep(time.Millisecond)
	return nil
}

// probe asks once on a connection of its own.
func probe(address, path string, within time.Duration) (string, error) {
	conn, err := net.DialTimeout("tcp", address, within)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return "", err
	}
	all, err := io.ReadAll(conn)
	return string(all), err
}

// crowd are clients that ask again and again until it is over.
type crowd struct {
	address string
	over    chan struct{}
	tick    *time.Ticker
	wait    sync.WaitGroup
	open    []net.Conn // the silent ones
}

func (c *crowd) again(f func()) {
	c.wait.Add(1)
	go func() {
		defer c.wait.Done()
		for {
			select {
			case <-c.over:
				return
			default:
				f()
			}
		}
	}()
}

// silent are a thousand connections a second, of which the last 300 stay open. They send half a request, or
// nothing.
func (c *crowd) silent() {
	c.again(func() {
		<-c.tick.C
		conn, err := net.DialTimeout("tcp", c.address, 10*time.Second)
		if err != nil {
			return
		}
		if c.open = append(c.open, conn); len(c.open)%2 == 0 {
			io.WriteString(conn, "GET /li")
		}
		if len(c.open) > 300 {
			c.open[0].Close()
			c.open = c.open[1:]
		}
	})
}

// takesNothing asks for /metrics, and reads no answer.
func (c *crowd) takesNothing() {
	conn, err := net.DialTimeout("tcp", c.address, 10*time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "GET /metrics HTTP/1.1\r\n\r\n")
	<-c.tick.C
}

// Silent connections, half requests, a flood of scrapes and clients that do not take their answer: no probe
// fails. The bound is generous; `go run ./bench -only health` measures the times.
func TestNoProbeFailsUnderLoad(t *testing.T) {
	answer := someAnswer()
	for i := range 1000 {
		answer.Services = append(answer.Services, service.Status{Name: fmt.Sprint("s", i), State: service.BackingOff, Ready: true})
	}
	s := listen(t, slowLoop{answer})
	c := &crowd{address: address(s), over: make(chan struct{}), tick: time.NewTicker(time.Millisecond)}
	defer c.tick.Stop()
	c.silent()
	for range 32 {
		c.again(func() { _, _ = probe(c.address, "/metrics", 10*time.Second) })
	}
	for range 4 {
		c.again(c.takesNothing)
	}
	for i := range 40 {
		for _, path := range []string{"/livez", "/readyz"} {
			text, err := probe(c.address, path, 20*time.Second)
			if err != nil || !strings.HasPrefix(text, "HTTP/1.1 200 ") {
				t.Errorf("%s, the %dth: %v: %.80q", path, i, err, text)
			}
		}
	}
	close(c.over)
	c.wait.Wait()
	for _, conn := range c.open {
		conn.Close()
	}
}

// Scrapes at the same time are made once, and a scrape after a while anew.
func TestScrapesAreMadeOnceForAll(t *testing.T) {
	l := &countingLoop{answer: someAnswer()}
	s := listen(t, l)
	var wait sync.WaitGroup
	for range 20 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if text, err := probe(address(s), "/metrics", 20*time.Second); err != nil || !strings.Contains(text, "sexton_ready 1") {
				t.Errorf("%v: %.80q", err, text)
			}
		}()
	}
	wait.Wait()
	if n := l.count(); n > 10 { // they take 0.4 s in turn: one look as a rule, more on a busy machine
		t.Errorf("%d looks for 20 scrapes", n)
	}
	s.cache.mu.Lock()
	s.cache.made = s.cache.made.Add(-cacheFor)
	s.cache.mu.Unlock()
	before := l.count()
	if _, err := probe(address(s), "/metrics", 20*time.Second); err != nil || l.count() != before+1 {
		t.Errorf("%v, %d looks after %d", err, l.count(), before)
	}
}

type countingLoop struct {
	mu     sync.Mutex
	n      int
	answer service.Answer
}

func (l *countingLoop) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func (l *countingLoop) Look(context.Context, string) (service.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return l.answer, nil
}

func (l *countingLoop) Alive(context.Context) error { return nil }
