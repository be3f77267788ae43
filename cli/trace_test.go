package cli

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A trace that goes into a pipe is complete as long as the pipe is read. When it is not, the trace ends: PID 1 must
// not wait for somebody who looks at a trace.
func TestTraceDoesNotWaitForAStalledReader(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	text := strings.Repeat("at 0s booted\n", 20_000)
	go func() { // reads half of it, and a little late
		buffer := make([]byte, 4096)
		for read := 0; read < len(text)/2; {
			time.Sleep(time.Millisecond)
			if n, _ := unix.Read(ends[0], buffer); n > 0 {
				read += n
			}
		}
	}()
	over := make(chan int)
	go func() {
		n, err := traceFile(ends[1]).Write([]byte(text))
		if err == nil || err.Error() != "its reader does not read" {
			t.Errorf("the end of the trace: %v", err)
		}
		over <- n
	}()
	select {
	case n := <-over:
		if n < len(text)/2 {
			t.Errorf("%d of %d bytes were written", n, len(text))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for the reader")
	}
	if n, err := unix.Write(ends[1], []byte(text)); err != unix.EAGAIN {
		t.Errorf("the pipe is not full: %d, %v", n, err)
	}
	_ = unix.Close(ends[1])
}
