package container

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/machine"
	"sexton/service"
	"sexton/stdio"
)

// Who reads both outputs as one finds our last words behind everything that the
// services wrote.
func TestLastWordsStandLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	o := &output{mux: stdio.New(stdio.Options{Out: fd, Err: fd, Self: "sexton", Level: stdio.Verbose}), used: true, level: machine.Info}
	pipes, err := o.mux.Open(stdio.Source{Service: "web", Log: service.Log{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(pipes.Out, []byte("line\n")); err != nil {
		t.Fatal(err)
	}
	pipes.Close()
	o.Flush(time.Minute, time.Minute, func() { o.Say(machine.Info, "", "leaving") })
	text, err := os.ReadFile(path)
	if want := "web | line\nsexton: leaving\n"; err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
}
