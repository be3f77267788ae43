package container

import (
	"os"
	"path/filepath"
	"testing"

	"sexton/service"
)

// A socket that others can replace is looked after by a goroutine of its own, for which a thread is needed.
func TestServeThreads(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for socket, want := range map[string]int{"": 3, "/sexton.sock": 3, filepath.Join(dir, "sexton.sock"): 4} {
		plan := &service.Plan{Services: []service.Spec{{Name: "web"}}, Control: service.Control{Socket: socket}}
		if got := serveThreads(plan); got != want {
			t.Errorf("%q: %d threads, want %d", socket, got, want)
		}
	}
}
