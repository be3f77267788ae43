package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// A plan that is applied brings a service that watches files, and the next one does not have it any more. What a
// service watches changes without a restart; a oneshot watches nothing.
func TestAppliedPlansWatch(t *testing.T) {
	sim := simkernel.New(1)
	if err := sim.Catch(); err != nil {
		t.Fatal(err)
	}
	sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
	trace := make(watched, 1000)
	c := Load(Options{Plan: plan(polite("web")), Kernel: sim, Getenv: func(string) string { return "" }, Verbosity: -1, Trace: trace})
	status, over := make(chan int, 1), make(chan struct{})
	go func() {
		status <- c.Run()
		close(over)
	}()
	trace.await(t, " started run=1 ")
	if c.watcher != nil {
		t.Error("files are watched, and no service wants that")
	}
	dir := t.TempDir()
	web, once := polite("web"), polite("once")
	web.Watch = service.Watch{Paths: []string{filepath.Join(dir, "a")}, Reload: true, Quiet: 10 * time.Millisecond}
	once.Watch, once.OneShot, once.Restart = web.Watch, true, service.Never
	if n := watchThreads(&service.Plan{Services: []service.Spec{once}}); n != 0 {
		t.Errorf("%d threads for a oneshot", n)
	}
	if _, err := c.Apply(plan(web)); err != nil {
		t.Fatal(err)
	}
	trace.await(t, " adopt ")
	// The first look may come after the file was made: then it is changed again.
	want := "files-changed service=web what=" + filepath.Join(dir, "a") + " reload"
	for i, seen := 1, ""; !strings.Contains(seen, want); i++ {
		if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, i), 0o600); err != nil || i == 200 {
			t.Fatal("no change was seen", err)
		}
		select {
		case seen = <-trace:
		case <-time.After(50 * time.Millisecond):
		}
	}
	trace.await(t, " started run=2 ")
	sim.Send(proc.Caught{Signal: proc.TERM}, over)
	if got := <-status; got != 0 {
		t.Errorf("status %d", got)
	}
}
