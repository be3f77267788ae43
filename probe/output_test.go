package probe

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// written is what an attempt tells that wrote text.
func written(t *testing.T, text string) string {
	t.Helper()
	o, err := NewOutput()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(o.FD())
	if err != nil {
		t.Fatal(err)
	}
	o.Started()
	for left := text; left != ""; { // a pipe that nobody reads would keep us for ever
		n, err := syscall.Write(fd, []byte(left))
		if err != nil {
			t.Fatal(err)
		}
		left = left[n:]
	}
	_ = syscall.Close(fd)
	return o.End()
}

func TestOutputTellsItsLastLine(t *testing.T) {
	page := strings.Repeat("a line of a page\r\n", 20000) // more than a pipe holds
	for text, want := range map[string]string{
		"":                                     "",
		"\n \r\n":                              "",
		"one":                                  "one",
		"one\ntwo\n\n":                         "two",
		"10 %\r50 %\r  no answer \r":           "no answer",
		page + "curl: (22) error\n":            "curl: (22) error",
		strings.Repeat("x", 100_000):           strings.Repeat("x", tailBytes),
		"first\n" + strings.Repeat("\n", 5000): "",
	} {
		if got := written(t, text); got != want {
			t.Errorf("%.20q: %.40q, want %.40q", text, got, want)
		}
	}
}

// A process that keeps the pipe, and writes into it, does not delay us.
func TestOutputEndsWhileAnotherProcessHasThePipe(t *testing.T) {
	o, err := NewOutput()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(o.FD())
	if err != nil {
		t.Fatal(err)
	}
	o.Started()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := syscall.Write(fd, bytes.Repeat([]byte("y\n"), 30000)); err != nil {
				return // EPIPE: the runtime raises no SIGPIPE for a descriptor beside 1 and 2
			}
		}
	}()
	time.Sleep(5 * time.Millisecond)
	if got := o.End(); got != "y" && got != "" {
		t.Errorf("%q", got)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the pipe is still open")
	}
	_ = syscall.Close(fd)
}

// A thousand attempts leave no descriptor behind.
func TestOutputLeavesNothingOpen(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	written(t, "x") // the poller of the runtime has descriptors of its own
	before := count()
	for i := range 1000 {
		if want := fmt.Sprint(i); written(t, want) != want {
			t.Fatal(want)
		}
	}
	deadline := time.Now().Add(patience)
	for count() > before+2 { // other tests' connections
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors, %d afterwards", before, count())
		}
		time.Sleep(time.Millisecond)
	}
}
