package pid1

import (
	"testing"
	"time"

	"sexton/proc"
)

// Each kill for want of memory explains one death, soon after it, and none that does
// not look like it.
func TestEachKillForWantOfMemoryExplainsOneDeath(t *testing.T) {
	kill, wrapped, ended := proc.Exit{Signal: proc.KILL}, proc.Exit{Code: 137}, proc.Exit{Code: 1}
	var o oom
	expect := func(at time.Duration, exit proc.Exit, want bool) {
		t.Helper()
		if got := o.explains(at, exit); got != want {
			t.Errorf("at %v, %v: %v", at, exit, got)
		}
	}
	expect(0, kill, false)
	o.note(time.Second, 3) // three services at once
	expect(time.Second, ended, false)
	expect(time.Second, kill, true)
	o.note(time.Second, 0)
	expect(time.Second, wrapped, true)
	expect(2*time.Second, kill, true)
	expect(2*time.Second, kill, false)
	o.note(10*time.Second, 1) // the child of another process
	o.note(20*time.Second, 0)
	expect(20*time.Second, kill, false)
	o.note(30*time.Second, 1)
	o.note(40*time.Second, 1)
	expect(40*time.Second, kill, true)
	expect(40*time.Second, kill, false)
}
