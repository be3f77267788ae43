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

// Silent connections, half requests, a flood of scrapes and clients that do not take their answer: no probe
// fails. The bound is generous; `go run ./bench -only health` measures the times.
func TestNoProbeFailsUnderLoad(t *testing.T) {
	answer := someAnswer()
	for i := range 1000 {
		answer.Services = append(answer.Services, service.Status{Name: fmt.Sprint("s", i), State: service.BackingOff, Ready: true})
	}
	s := listen(t, slowLoop{answer})
	over := make(chan struct{})
	var wait sync.WaitGroup
	again := func(f func()) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				select {
				case <-over:
					return
				default:
					f()
				}
			}
		}()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var open []net.Conn
	again(func() { // a thousand a second, which stay until the end
		<-tick.C
		if conn, err := net.DialTimeout("tcp", s.Address(), 10*time.Second); err == nil {
			if open = append(open, conn); len(open)%2 == 0 {
				io.WriteString(conn, "GET /li")
			}
			if len(open) > 300 {
				open[0].Close()
				open = open[1:]
			}
		}
	})
	for range 32 {
		again(func() { _, _ = probe(s.Address(), "/metrics", 10*time.Second) })
	}
	for range 4 {
		again(func() { // asks, and takes nothing
			conn, err := net.DialTimeout("tcp", s.Address(), 10*time.Second)
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "GET /metrics HTTP/1.1\r\n\r\n")
			<-tick.C
		})
	}
	for i := range 100 {
		for _, path := range []string{"/livez", "/readyz"} {
			text, err := probe(s.Address(), path, 20*time.Second)
			if err != nil || !strings.HasPrefix(text, "HTTP/1.1 200 ") {
				t.Errorf("%s, the %dth: %v: %.80q", path, i, err, text)
			}
		}
	}
	close(over)
	wait.Wait()
	for _, conn := range open {
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
			if text, err := probe(s.Address(), "/metrics", 20*time.Second); err != nil || !strings.Contains(text, "sexton_ready 1") {
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
	if _, err := probe(s.Address(), "/metrics", 20*time.Second); err != nil || l.count() != before+1 {
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
