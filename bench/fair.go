package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const fairServices = 200

// race is what a while of everybody writing gave.
type race struct {
	lines          sample // of each service
	cpu            float64
	torn, disorder int64
	stopped        bool // PID 1 ended after TERM
}

// measureFairness has many services of sexton write without end and looks how
// far each gets in a while that begins when all have come.
func measureFairness(b *bench, d *document) error {
	if b.sexton == "" {
		d.say("Not measured: there was no sexton.")
		return nil
	}
	span := 5 * time.Second
	if b.quick {
		span = 2 * time.Second
	}
	r, err := b.race(span)
	if err != nil {
		return err
	}
	total := 0.0
	for _, n := range r.lines {
		total += n
	}
	fastest, slowest := slices.Max(r.lines), slices.Min(r.lines)
	d.say("%d services of sexton write lines of 120 bytes without a pause into one pipe, in prefix format. The table has the lines of each\n"+
		"that came out within %v.", fairServices, span)
	t := table{head: []string{"", "slowest", "median", "fastest", "slowest/fastest", "MB/s", "CPU s", "torn", "out of order"}}
	t.add(ourName, figure(slowest, 0), figure(r.lines.median(), 0), figure(fastest, 0), figure(slowest/fastest, 2),
		figure(total*lineBytes/1e6/span.Seconds(), 0), seconds(r.cpu), fmt.Sprint(r.torn), fmt.Sprint(r.disorder))
	d.table(t)
	if !r.stopped {
		d.say("It did not end within %v after TERM.", serviceBound)
	}
	d.target("200 services at once: the slowest has at least half of the fastest's lines", figure(slowest/fastest, 2), slowest*2 >= fastest)
	d.target("200 services at once: no line torn or out of order",
		fmt.Sprintf("%d torn, %d out of order", r.torn, r.disorder), r.torn+r.disorder == 0)
	return nil
}

func (b *bench) race(span time.Duration) (race, error) {
	var text strings.Builder
	for i := range fairServices {
		fmt.Fprintf(&text, "[service.%s]\ncommand = [%q, \"lines\", \"0\", \"%d\"]\n\n", serviceName(i), b.worker, i)
	}
	argv, err := b.sextonFile(b.dir, text.String())
	if err != nil {
		return race{}, err
	}
	from, to, err := os.Pipe()
	if err != nil {
		return race{}, err
	}
	c := countLines(from)
	l, err := b.start(spec{argv: argv, stdout: to, reports: true, bound: 3 * time.Minute})
	to.Close()
	if err != nil {
		return race{}, err
	}
	defer l.destroy()
	if _, err := l.ask("start", fairServices, serviceBound); err != nil {
		return race{}, err
	}
	time.Sleep(time.Second)
	before := c.progress()
	cpu, err := cpuOf(l.pid)
	if err != nil {
		return race{}, err
	}
	time.Sleep(span)
	// What comes later does not count: TERM ends the writers within a line.
	r := race{torn: c.torn.Load(), disorder: c.disorder.Load()}
	for i, n := range c.progress() {
		r.lines.add(float64(n - before[i]))
	}
	after, err := cpuOf(l.pid)
	r.cpu = after - cpu
	l.signal(unix.SIGTERM)
	r.stopped = l.wait(serviceBound)
	return r, err
}

// counter audits the lines of a pipe as they come.
type counter struct {
	audit          *audit // the reader's alone
	lines          [fairServices]atomic.Int64
	torn, disorder atomic.Int64
	over           chan struct{}
}

func countLines(r *os.File) *counter {
	c := &counter{audit: newAudit(), over: make(chan struct{})}
	fd := int(r.Fd())
	go func() {
		defer close(c.over)
		defer r.Close()
		page, kept := make([]byte, 1<<20), 0
		for {
			n, err := unix.Read(fd, page[kept:])
			if err == unix.EINTR {
				continue
			}
			if n <= 0 {
				return
			}
			rest := c.audit.all(page[:kept+n])
			kept = copy(page, rest)
			c.torn.Store(int64(c.audit.torn))
			c.disorder.Store(int64(c.audit.missing + c.audit.late))
			for id, next := range c.audit.next {
				if id < fairServices {
					c.lines[id].Store(int64(next))
				}
			}
		}
	}()
	return c
}

// progress is how many lines of each service have come.
func (c *counter) progress() [fairServices]int64 {
	var n [fairServices]int64
	for i := range n {
		n[i] = c.lines[i].Load()
	}
	return n
}
