package container

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
	"sexton/service"
)

// terminationLines is how many last lines of a service are looked at for the
// termination log; there is room for fewer, as a rule.
const terminationLines = 100

// scribe writes the termination log, if something is there to write to: Kubernetes
// mounts a file there and shows what it holds. We never make one, and nobody needs
// to hear that there is none, or that it is a directory or not to be written.
//
// It writes beside the loop, on one goroutine: the file may be on a file system that
// hangs. The newest text wins.
type scribe struct {
	path string

	mu   sync.Mutex
	next *string       // what is to be written; nil: nothing
	done chan struct{} // closed when nothing is left to write; nil: nobody writes
}

// newScribe returns the scribe of path, nil for nowhere. With one command it is
// nowhere as well if nothing is there at the start, so that its end costs nothing.
func newScribe(path string, oneCommand bool) *scribe {
	if path == "" || oneCommand && unix.Access(path, unix.F_OK) == unix.ENOENT {
		return nil
	}
	return &scribe{path: path}
}

// write has text written, in place of what was written before. It returns at once; the
// channel is closed when that is done.
func (s *scribe) write(text string) (done <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = &text
	if s.done == nil {
		s.done = make(chan struct{})
		go s.work(s.done)
	}
	return s.done
}

func (s *scribe) work(done chan struct{}) {
	defer close(done)
	for {
		s.mu.Lock()
		text := s.next
		if s.next = nil; text == nil {
			s.done = nil
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		WriteTermination(s.path, *text)
	}
}

// stopping returns what tells why the end has begun; nil: nobody wants to know.
func (s *scribe) stopping() func(why string) {
	if s == nil {
		return nil
	}
	return func(why string) { s.write(why + "\n") }
}

// ended returns what tells how it all ended and then calls end, which gives up what
// others ask us by. Both may hang in a file system, so it waits for them no
// longer than it may. name is the one command's, which stands for ours; "": there are services.
func (s *scribe) ended(o *output, name string, end func()) func(sum service.Summary, within time.Duration) {
	return func(sum service.Summary, within time.Duration) {
		var all []<-chan struct{}
		if s != nil {
			var last [][]byte
			if sum.Service != "" {
				last = o.recent(sum.Service, terminationLines)
				for i := range last {
					if o.redact != nil {
						last[i] = []byte(o.redact(string(last[i])))
					}
				}
			}
			if name != "" {
				sum.Service = name
			}
			all = append(all, s.write(sum.Termination(last)))
		}
		if name == "" { // with one command nobody could ask us
			gone := make(chan struct{})
			all = append(all, gone)
			go func() {
				defer close(gone)
				end()
			}()
		}
		if len(all) == 0 {
			return
		}
		timer := time.NewTimer(within)
		defer timer.Stop()
		for _, done := range all {
			select {
			case <-done:
			case <-timer.C:
				return
			}
		}
	}
}

// WriteTermination writes text to what is at path, "" for nowhere. Nobody hears of
// it when that cannot be done.
func WriteTermination(path, text string) {
	if path == "" {
		return
	}
	place, err := paths.Find(path)
	if err != nil {
		return
	}
	defer place.Close()
	// No O_TRUNC: a KILL between that and the write would leave nothing at all.
	fd, _, err := place.Open(unix.O_WRONLY)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for rest := []byte(text); len(rest) > 0; {
		n, err := unix.Write(fd, rest)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		rest = rest[n:]
	}
	_ = unix.Ftruncate(fd, int64(len(text)))
}
