package stdio

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// The two ways of waiting for many pipes that house 2.8 c asks to compare: one
// epoll instance for all, which is what the package does, and a goroutine per
// pipe in the runtime's poller, which is written here. Both cut and write with
// the same code, to /dev/null.

// carrier carries what comes from n pipes; feed are the ends to write to.
type carrier struct {
	feed    []int
	written func() int64
	stop    func()
}

func newEpollCarrier(tb testing.TB, n int, null int) *carrier {
	m := New(Options{Out: null, Err: null})
	c := &carrier{stop: func() {
		m.wait(await.Patience, m.quiet)
		_ = m.poller.file.Close()
	}}
	for i := range n {
		p, err := m.Open(Source{Service: fmt.Sprint("s", i%200), Log: service.Log{OneStream: true}})
		if err != nil {
			tb.Fatal(err)
		}
		c.feed = append(c.feed, p.Out)
	}
	c.written = func() (sum int64) {
		for _, a := range m.Accounts() {
			sum += a.Out.Bytes
		}
		return sum
	}
	return c
}

func newGoroutineCarrier(tb testing.TB, n int, null int) *carrier {
	m := New(Options{Out: null, Err: null})
	m.begin()
	var lock sync.Mutex
	var ends sync.WaitGroup
	c := &carrier{stop: ends.Wait}
	for i := range n {
		var pipe [2]int
		if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
			tb.Fatal(err)
		}
		_ = unix.SetNonblock(pipe[0], true)
		name := fmt.Sprint("s", i%200)
		m.mu.Lock()
		account := m.accountOf(name, Stdout)
		m.mu.Unlock()
		s := &stream{sink: m.out, fd: pipe[0], account: account, frame: m.serviceFrame(&Source{Service: name}, Stdout, m.out)}
		file := os.NewFile(uintptr(pipe[0]), "pipe")
		conn, err := file.SyscallConn()
		if err != nil {
			tb.Fatal(err)
		}
		ends.Go(func() {
			defer file.Close()
			serve := func(uintptr) bool { return serveLocked(s, &lock) != wait }
			for s.fd >= 0 && conn.Read(serve) == nil {
			}
		})
		c.feed = append(c.feed, pipe[1])
	}
	c.written = func() (sum int64) {
		for _, a := range m.Accounts() {
			sum += a.Out.Bytes
		}
		return sum
	}
	return c
}

func serveLocked(s *stream, lock *sync.Mutex) turn {
	lock.Lock()
	defer lock.Unlock()
	b := s.sink.mux.batches.borrow(s.sink, outBytes, nil)
	defer s.sink.mux.batches.giveBack(b)
	t := s.fill(b)
	b.flush()
	if t == over {
		s.fd = -1
	}
	return t
}

var carriers = []struct {
	name string
	make func(testing.TB, int, int) *carrier
}{
	{"epoll", newEpollCarrier},
	{"goroutines", newGoroutineCarrier},
}

func (c *carrier) close() {
	for _, fd := range c.feed {
		_ = unix.Close(fd)
	}
	c.stop()
}

// BenchmarkReaders writes 4 KiB to each of 200 pipes in turn.
func BenchmarkReaders(b *testing.B) {
	const pipes = 200
	text := []byte(strings.Repeat(strings.Repeat("x", 127)+"\n", 32))
	for _, way := range carriers {
		b.Run(way.name, func(b *testing.B) {
			null := openNull(b)
			c := way.make(b, pipes, null)
			b.SetBytes(int64(pipes * len(text)))
			b.ReportAllocs()
			before := cpuSeconds()
			for b.Loop() {
				for _, fd := range c.feed {
					if _, err := unix.Write(fd, text); err != nil {
						b.Fatal(err)
					}
				}
			}
			for c.written() < int64(b.N*pipes*len(text)) {
				runtime.Gosched()
			}
			b.ReportMetric((cpuSeconds()-before)/(float64(b.N*pipes*len(text))/1e9), "cpu-s/GB")
			c.close()
		})
	}
}

// BenchmarkIdleStreams tells what a pipe costs that has carried a line and is
// silent now.
func BenchmarkIdleStreams(b *testing.B) {
	const pipes = 2000
	for _, way := range carriers {
		b.Run(way.name, func(b *testing.B) {
			null := openNull(b)
			for b.Loop() {
				before := residentBytes(b)
				c := way.make(b, pipes, null)
				for _, fd := range c.feed {
					_, _ = unix.Write(fd, []byte("a line that was said at the start\n"))
				}
				for c.written() < int64(34*pipes) {
					runtime.Gosched()
				}
				b.ReportMetric(float64(residentBytes(b)-before)/pipes, "B/stream")
				c.close()
			}
		})
	}
}

func openNull(tb testing.TB) int {
	fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func cpuSeconds() float64 {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

func residentBytes(tb testing.TB) int64 {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Fatal(err)
	}
	var size, resident int64
	if _, err := fmt.Fscan(bytes.NewReader(text), &size, &resident); err != nil {
		tb.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}
