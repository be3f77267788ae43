package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// report is what a worker says: which moment, its PID in its own namespace, and
// the time by now().
type report struct {
	word string
	pid  int
	at   int64
}

// inbox is the FIFO that the workers of one life report through. It is read by
// polling: the times are the workers' own, and a reader that is woken by each
// report would take a CPU away from what is measured.
type inbox struct {
	path string
	fd   int
	rest []byte // an unfinished report
	kept []report
}

// openInbox makes the FIFO and opens both ends, so that a worker's open never
// waits and its reports outlive it.
func openInbox(path string) (*inbox, error) {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("mkfifo %s: %w", path, err)
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &inbox{path: path, fd: fd}, nil
}

// close removes the FIFO. A nil inbox is closed already.
func (in *inbox) close() {
	if in == nil {
		return
	}
	unix.Close(in.fd)
	os.Remove(in.path)
}

// poll moves what has come into kept.
func (in *inbox) poll() {
	var page [8192]byte
	for {
		n, err := unix.Read(in.fd, page[:])
		if err == unix.EINTR {
			continue
		}
		if n <= 0 {
			return
		}
		in.rest = append(in.rest, page[:n]...)
		for {
			line, rest, whole := bytes.Cut(in.rest, []byte("\n"))
			if !whole {
				break
			}
			var r report
			if _, err := fmt.Sscanf(string(line), "%s %d %d", &r.word, &r.pid, &r.at); err == nil {
				in.kept = append(in.kept, r)
			}
			in.rest = rest
		}
	}
}

// await takes n reports of word, in the order in which they came. It gives up
// after the time within, or when over is closed.
func (in *inbox) await(word string, n int, within time.Duration, over <-chan struct{}) ([]report, error) {
	deadline := time.Now().Add(within)
	for ended := false; ; {
		in.poll()
		got, others := in.of(word, n)
		if len(got) == n {
			in.kept = others
			return got, nil
		}
		if ended {
			return nil, fmt.Errorf("ended after %d of %d reports of %q", len(got), n, word)
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("only %d of %d reports of %q within %v", len(got), n, word, within)
		}
		select {
		case <-over:
			ended = true // one more look
		case <-time.After(time.Millisecond):
		}
	}
}

// of splits what is kept into the first n reports of word and the others.
func (in *inbox) of(word string, n int) (got, others []report) {
	for _, r := range in.kept {
		if r.word == word && len(got) < n {
			got = append(got, r)
		} else {
			others = append(others, r)
		}
	}
	return got, others
}
