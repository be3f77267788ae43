package container

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"sexton/service"
)

// The newest text stands in the termination log, whole and alone; a file that was
// not there is not made; and what hangs holds up nobody longer than it may.
func TestScribe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if newScribe(path, true) != nil {
		t.Error("with one command and no file there is a scribe")
	}
	s := newScribe(path, false)
	<-s.write("nothing")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file was made: %v", err)
	}
	if err := os.WriteFile(path, []byte("what an earlier one has left, which is longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s.stopping()("stopping: a text that is longer than the last")
	}
	s.ended(&output{}, "web", nil)(service.Summary{Status: 7, Reason: "why"}, time.Minute)
	if text, err := os.ReadFile(path); string(text) != "why\nstatus 7\n" {
		t.Errorf("%q, %v", text, err)
	}
	hangs := make(chan struct{})
	defer close(hangs)
	began := time.Now()
	(*scribe)(nil).ended(&output{}, "", func() { <-hangs })(service.Summary{}, 20*time.Millisecond)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
