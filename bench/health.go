package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The health port under clients that mean it no good, on the loopback interface alone.

const (
	healthServices = 1000 // that end at once and are restarted, with the default back-off
	healthSilent   = 1000 // connections a second on which nothing is said
	healthScrapers = 32   // clients that ask for /metrics again and again
	healthEvery    = 20 * time.Millisecond
	healthTimeout  = time.Second // of a probe, as the kubelet has it
)

// flood asks in all the ways at once until it is told to end.
type flood struct {
	address string
	over    chan struct{}
	wait    sync.WaitGroup
	scrapes atomic.Int64
	quiet   atomic.Int64
}

func newFlood(address string, silent, scrapers int) *flood {
	f := &flood{address: address, over: make(chan struct{})}
	if silent > 0 {
		f.run(func() bool { return f.silence(time.Second / time.Duration(silent)) })
	}
	for range scrapers {
		f.run(f.scrape)
	}
	return f
}

func (f *flood) run(again func() bool) {
	f.wait.Add(1)
	go func() {
		defer f.wait.Done()
		for again() {
			select {
			case <-f.over:
				return
			default:
			}
		}
	}()
}

func (f *flood) end() {
	close(f.over)
	f.wait.Wait()
}

// silence opens connections at a rate, and closes each when the server has, or after a
// second. A connection that cannot be made is missing in the count.
func (f *flood) silence(every time.Duration) bool {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-f.over:
			return false
		case <-tick.C:
		}
		conn, err := net.DialTimeout("tcp", f.address, healthTimeout)
		if err != nil {
			continue
		}
		f.quiet.Add(1)
		f.wait.Add(1)
		go func() {
			defer f.wait.Done()
			defer conn.Close()
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}

func (f *flood) scrape() bool {
	if text, err := httpGet(f.address, "/metrics", 5*time.Second); err == nil && strings.Contains(text, "sexton_info") {
		f.scrapes.Add(1)
	}
	return true
}

// httpGet is one request on a connection of its own. It returns the whole answer.
func httpGet(address, path string, within time.Duration) (string, error) {
	conn, err := net.DialTimeout("tcp", address, within)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	all, err := io.ReadAll(conn)
	return string(all), err
}

// probes asks /livez for so long.
func probes(address string, during time.Duration) (times sample, failed int, first error) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		began := time.Now()
		text, err := httpGet(address, "/livez", healthTimeout)
		if err == nil && !strings.HasPrefix(text, "HTTP/1.1 200 ") {
			err = fmt.Errorf("%.60q", text)
		}
		if err != nil {
			if failed++; first == nil {
				first = err
			}
			continue
		}
		times.add(float64(time.Since(began)))
	}
	return times, failed, first
}

func measureHealth(b *bench, d *document) error {
	if b.sexton == "" {
		return errors.New("sexton is needed")
	}
	address, _, err := freeAddresses()
	if err != nil {
		return err
	}
	during, services := 15*time.Second, healthServices
	if b.quick {
		during, services = 3*time.Second, healthServices/10
	}
	var file strings.Builder
	fmt.Fprintf(&file, "[health]\nlisten = %q\n[init]\ngrace = \"5s\"\n", address)
	for i := range services {
		fmt.Fprintf(&file, "[service.s%d]\ncommand = [%q]\nshutdown_on = \"never\"\ngive_up = { starts = 0 }\n", i, find("false"))
	}
	path := b.dir + "/health.toml"
	if err := os.WriteFile(path, []byte(file.String()), 0o644); err != nil {
		return err
	}
	l, err := b.start(spec{argv: []string{b.sexton, "-q", "-c", path}, bound: 3 * time.Minute, quiet: true})
	if err != nil {
		return err
	}
	defer l.destroy()
	if err := until("an answer of /livez", func() bool {
		_, err := httpGet(address, "/livez", healthTimeout)
		return err == nil
	}); err != nil {
		return err
	}
	d.say("A probe asks for /livez every %v with a timeout of %v, each time on a new connection, while %d services end at once and are restarted with the\n"+
		"default back-off, and other clients open silent connections or ask for /metrics without a pause. Everything runs on this machine.", healthEvery, healthTimeout, services)
	t := table{head: []string{"load", "probes", "failed", "median ms", "p99 ms", "max ms", "silent connections/s", "scrapes/s"}}
	for _, load := range []struct {
		words            string
		silent, scrapers int
	}{
		{"no other client", 0, 0},
		{fmt.Sprintf("%d silent connections a second", healthSilent), healthSilent, 0},
		{fmt.Sprintf("%d clients that flood /metrics", healthScrapers), 0, healthScrapers},
		{"both", healthSilent, healthScrapers},
	} {
		progress("health port, beside %s", load.words)
		f := newFlood(address, load.silent, load.scrapers)
		times, failed, first := probes(address, during)
		f.end()
		if first != nil {
			progress("the first failure: %v", first)
		}
		per := func(n int64) string { return figure(float64(n)/during.Seconds(), 0) }
		t.add(load.words, fmt.Sprint(len(times)+failed), fmt.Sprint(failed), ms(times.median()), ms(times.quantile(0.99)), ms(times.quantile(1)), per(f.quiet.Load()), per(f.scrapes.Load()))
		d.target("health port with "+load.words+": no probe fails", fmt.Sprint(failed), failed == 0)
		d.target("health port with "+load.words+": p99 below 100 ms", ms(times.quantile(0.99)), times.quantile(0.99) < 1e8)
	}
	d.table(t)
	return nil
}
