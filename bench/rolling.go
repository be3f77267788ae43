package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A rolling restart under load: two web servers behind a balancer that takes
// its time to notice what their readiness says, as a router of Kubernetes does.

const (
	rollingRate  = 60 // new connections a second
	rollingDrain = "5s"
	rollingPoll  = 50 * time.Millisecond // of /readyz
)

// balancer hands each connection on to one of its backends. It believes what
// /readyz says, but later.
type balancer struct {
	listener net.Listener
	lag      time.Duration
	mu       sync.Mutex
	backends []*backend
	next     int
}

// backend is one web server.
type backend struct {
	address, ready string
	gone           chan struct{}
	up             bool // as the balancer believes
}

func newBalancer(lag time.Duration) (*balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: listener, lag: lag}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go b.carry(conn)
		}
	}()
	return b, nil
}

// add makes the balancer watch a backend.
func (b *balancer) add(k *backend) {
	b.mu.Lock()
	b.backends = append(b.backends, k)
	b.mu.Unlock()
	go func() {
		said := false
		for {
			select {
			case <-k.gone:
				return
			case <-time.After(rollingPoll):
			}
			if now := readyz(k.ready); now != said {
				said = now
				time.AfterFunc(b.lag, func() {
					b.mu.Lock()
					k.up = now
					b.mu.Unlock()
				})
			}
		}
	}()
}

// pick takes the backends that are believed to be up in turn.
func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next++
		if k := b.backends[b.next%len(b.backends)]; k.up {
			return k.address
		}
	}
	return ""
}

func (b *balancer) believes(k *backend) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return k.up
}

// carry joins a client with a backend; what fails is not tried again elsewhere.
func (b *balancer) carry(client net.Conn) {
	defer client.Close()
	server, err := net.DialTimeout("tcp", b.pick(), time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
	}()
	_, _ = io.Copy(client, server)
}

// readyz asks once.
func readyz(address string) bool {
	status, _ := get(address, "/readyz")
	return status == "200"
}

// get is one request over one connection.
func get(address, path string) (status string, err error) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n", path)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	if fields := strings.Fields(line); len(fields) > 1 {
		return fields[1], nil
	}
	return "", fmt.Errorf("answered %q", line)
}

// clients ask the balancer until it is told to stop, each time anew.
type clients struct {
	asked, failed atomic.Int64
	stop          chan struct{}
	all           sync.WaitGroup
}

func newClients(address string) *clients {
	c := &clients{stop: make(chan struct{})}
	c.all.Go(func() {
		tick := time.NewTicker(time.Second / rollingRate)
		defer tick.Stop()
		for {
			select {
			case <-c.stop:
				return
			case <-tick.C:
			}
			c.all.Go(func() {
				c.asked.Add(1)
				if status, err := get(address, "/"); err != nil || status != "200" {
					c.failed.Add(1)
				}
			})
		}
	})
	return c
}

func (c *clients) end() {
	close(c.stop)
	c.all.Wait()
}

// server is nginx under sexton, and what the balancer knows of it.
type server struct {
	*life
	backend *backend
}

func (b *bench) startServer(drain string) (*server, error) {
	dir, err := os.MkdirTemp(b.dir, "nginx-")
	if err != nil {
		return nil, err
	}
	web, health, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	nginx := fmt.Sprintf("daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr error;\nevents { worker_connections 256; }\n"+
		"http { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d;\n"+
		"scgi_temp_path %[1]s/e; server { listen %[2]s; location / { return 200 \"hello\\n\"; } } }\n", dir, web)
	file := fmt.Sprintf("[init]\ngrace = \"20s\"\ndrain = %q\n[health]\nlisten = %q\n[service.web]\ncommand = [%q, \"-c\", %q]\n"+
		"ready = { tcp = %q }\nstop = [\"QUIT\"]\n", drain, health, find("nginx"), dir+"/nginx.conf", web)
	if err := errors.Join(os.WriteFile(dir+"/nginx.conf", []byte(nginx), 0o644), os.WriteFile(dir+"/sexton.toml", []byte(file), 0o644)); err != nil {
		return nil, err
	}
	l, err := b.start(spec{argv: []string{b.sexton, "-c", filepath.Join(dir, "sexton.toml")}, bound: 2 * time.Minute})
	if err != nil {
		return nil, err
	}
	return &server{l, &backend{address: web, ready: health, gone: make(chan struct{})}}, nil
}

func freeAddresses() (a, b string, err error) {
	one, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer one.Close()
	two, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer two.Close()
	return one.Addr().String(), two.Addr().String(), nil
}

// until waits for a condition.
func until(what string, holds func() bool) error {
	for by := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(by) {
			return fmt.Errorf("%s: not within 20s", what)
		}
	}
	return nil
}

// roll replaces two servers, one after the other, under load.
func (b *bench) roll(lag time.Duration, drain string) (asked, failed int64, err error) {
	balancer, err := newBalancer(lag)
	if err != nil {
		return 0, 0, err
	}
	defer balancer.listener.Close()
	var servers []*server
	add := func() error {
		s, err := b.startServer(drain)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		balancer.add(s.backend)
		return until("a new server", func() bool { return balancer.believes(s.backend) })
	}
	defer func() {
		for _, s := range servers {
			close(s.backend.gone)
			s.destroy()
		}
	}()
	for range 2 {
		if err := add(); err != nil {
			return 0, 0, err
		}
	}
	load := newClients(balancer.listener.Addr().String())
	time.Sleep(time.Second)
	for i := range 2 {
		if err = add(); err != nil {
			break
		}
		servers[i].signal(unix.SIGTERM)
		if !servers[i].wait(30 * time.Second) {
			err = fmt.Errorf("the old server did not end; %s", servers[i].lastWords())
			break
		}
		if status := servers[i].state.ExitCode(); status != 0 {
			err = fmt.Errorf("the old server ended with status %d; %s", status, servers[i].lastWords())
		}
	}
	_ = until("the end of belief", func() bool { return !balancer.believes(servers[0].backend) && !balancer.believes(servers[1].backend) })
	time.Sleep(time.Second)
	load.end()
	return load.asked.Load(), load.failed.Load(), err
}

func measureRolling(b *bench, d *document) error {
	if b.sexton == "" || find("nginx") == "" {
		return errors.New("sexton and nginx are needed")
	}
	lags := []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second}
	if b.quick {
		lags = lags[:1]
	}
	d.say("Two nginx servers, each behind a sexton, are replaced one after the other: the new one starts and becomes ready, then the old one gets TERM.\n"+
		"%d new connections a second come through a balancer that asks each sexton's /readyz every %v and acts on a change only\n"+
		"after the time in the column head. The table has the failed requests out of all requests:", rollingRate, rollingPoll)
	t := table{head: []string{"the balancer notices after"}}
	for _, lag := range lags {
		t.head = append(t.head, lag.String())
	}
	for _, drain := range []string{"0s", rollingDrain} {
		row := []string{fmt.Sprintf("drain = %q", drain)}
		for _, lag := range lags {
			progress("rolling restart, drain %s, lag %v", drain, lag)
			asked, failed, err := b.roll(lag, drain)
			if err != nil {
				return err
			}
			row = append(row, fmt.Sprintf("%d of %d", failed, asked))
			if drain == rollingDrain {
				d.target(fmt.Sprintf("a drain of %s, a balancer %v late: no request fails", drain, lag), fmt.Sprint(failed), failed == 0)
			}
		}
		t.add(row...)
	}
	d.table(t)
	return nil
}
