package procfs

import (
	"os/exec"
	"testing"
	"time"

	"sexton/proc"
)

// A stop looks for what descends from each service; nearly none has a child.
func BenchmarkBelowAService(b *testing.B) {
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	v := &View{}
	root := []proc.PID{proc.PID(sleep.Process.Pid)}
	for b.Loop() {
		v.Below(root, time.Minute)
	}
}
