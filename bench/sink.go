package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// sink says where a carrier's stdout goes.
type sink int

const (
	toNothing sink = iota // /dev/null
	toPipe                // a pipe that we read
	toFile                // a file in memory
)

// outlet is an open sink.
type outlet struct {
	to     sink
	file   *os.File // the carrier's stdout
	reader *collector
}

func (b *bench) openSink(to sink, dir string, count int) (*outlet, error) {
	switch to {
	case toPipe:
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		return &outlet{to: to, file: w, reader: collect(r, count)}, nil
	case toFile:
		f, err := os.OpenFile(filepath.Join(dir, "stdout"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		return &outlet{to: to, file: f}, err
	default:
		return &outlet{to: to, file: b.null}, nil
	}
}

func (o *outlet) close() {
	if o.to != toNothing {
		o.file.Close()
	}
	if o.reader != nil {
		o.reader.close()
	}
}

// finish waits for the end of a pipe whose writers have ended, and returns when
// the last byte came; otherwise is the end where there is no pipe.
func (o *outlet) finish(otherwise int64) int64 {
	if o.reader == nil {
		return otherwise
	}
	o.file.Close()
	<-o.reader.over
	return o.reader.last.Load()
}

// quiet waits until nothing has come for a while, at most a minute, and returns
// when the last byte came. otherwise is the end where nobody looks.
func (o *outlet) quiet(otherwise int64) (int64, error) {
	const pause = 200 * time.Millisecond
	last, size := otherwise, int64(-1)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		switch o.to {
		case toPipe:
			last = max(otherwise, o.reader.last.Load())
		case toFile:
			info, err := o.file.Stat()
			if err != nil {
				return 0, err
			}
			if info.Size() != size {
				size, last = info.Size(), now()
			}
		}
		if now()-last > int64(pause) {
			return last, nil
		}
	}
	return 0, fmt.Errorf("output does not end")
}

// check compares what came out with what was written: of the pipe, of the file
// that is the sink, or of a file that the carrier has kept. Without any, nil.
func (o *outlet) check(file string, kept bool) (*audit, error) {
	var text []byte
	switch {
	case o.to == toPipe:
		text = o.reader.text()
	case o.to == toFile || kept:
		if o.to == toFile {
			file = o.file.Name()
		}
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	a := newAudit()
	if rest := a.all(text); len(rest) > 0 {
		a.line(rest)
	}
	return a, nil
}

// collector copies a pipe to memory that has been touched before, so that the
// reader costs the carrier as little as possible.
type collector struct {
	from *os.File
	page []byte
	n    int
	last atomic.Int64 // when the last bytes came, by now()
	over chan struct{}
	once sync.Once
}

// collect begins to read r, with room for count lines in any format; what
// exceeds that is read and forgotten, and its lines count as lost.
func collect(r *os.File, count int) *collector {
	c := &collector{from: r, over: make(chan struct{}), page: make([]byte, count*3*lineBytes+1<<20)}
	for i := 0; i < len(c.page); i += 4096 {
		c.page[i] = 1
	}
	fd := int(r.Fd()) // blocking from here on: no poller between
	go func() {
		defer close(c.over)
		for {
			room := c.page[c.n:]
			if len(room) == 0 {
				room = make([]byte, 1<<16)
			}
			n, err := unix.Read(fd, room[:min(len(room), 1<<20)])
			if err == unix.EINTR {
				continue
			}
			if n <= 0 {
				return
			}
			c.last.Store(now())
			c.n = min(c.n+n, len(c.page))
		}
	}()
	return c
}

// text is what has come. The pipe must be quiet or over.
func (c *collector) text() []byte { return c.page[:c.n] }

// close waits for the pipe's end, which has come when every writer is gone.
func (c *collector) close() {
	c.once.Do(func() {
		<-c.over
		c.from.Close()
	})
}

// configure writes a supervisor's file into dir and returns its command line.
type configure func(b *bench, dir string, count int) ([]string, error)

// inDir puts the directory's name for the word DIR.
func inDir(text, dir string) string { return strings.ReplaceAll(text, "DIR", dir) }

// boxed is a carrier that is a supervisor and runs the writer itself.
func boxed(configure configure, to sink, kept string) func(*bench, string, int) (burst, error) {
	return func(b *bench, dir string, count int) (burst, error) {
		argv, err := configure(b, dir, count)
		if err != nil {
			return burst{}, err
		}
		s, err := b.openSink(to, dir, count)
		if err != nil {
			return burst{}, err
		}
		defer s.close()
		l, err := b.start(spec{argv: argv, stdout: s.file, reports: true, bound: 3 * time.Minute})
		if to == toPipe {
			s.file.Close()
		}
		if err != nil {
			return burst{}, err
		}
		defer l.destroy()
		got, err := l.burst(s)
		if err != nil {
			return burst{}, err
		}
		got.audit, err = s.check(filepath.Join(dir, kept), kept != "")
		return got, err
	}
}

// burst waits for the passage of all lines while the supervisor lives on, whose
// CPU time can then be told from its services'.
func (l *life) burst(s *outlet) (burst, error) {
	// The idle service reports "start" as well; the writer is the one that is done.
	starts, err := l.ask("start", 2, 30*time.Second)
	if err != nil {
		return burst{}, err
	}
	before, err := cpuOf(l.pid)
	if err != nil {
		return burst{}, err
	}
	done, err := l.ask("done", 1, time.Minute)
	if err != nil {
		return burst{}, err
	}
	began := starts[0].at
	if starts[1].pid == done[0].pid {
		began = starts[1].at
	}
	end, err := s.quiet(done[0].at)
	if err != nil {
		return burst{}, err
	}
	after, err := cpuOf(l.pid)
	return burst{elapsed: float64(end - began), cpu: after - before}, err
}
