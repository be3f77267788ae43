package kernel

import (
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
)

// A watch of the clock tells that it was set, and ends when it is told to.
func TestWatchClock(t *testing.T) {
	told := make(chan struct{}, 16)
	stop := WatchClock(func() { told <- struct{}{} })
	defer stop()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the clock was set, and nobody told", func() bool { // the goroutine may not watch yet
		_ = unix.ClockGettime(unix.CLOCK_REALTIME, &now)
		if err := unix.ClockSettime(unix.CLOCK_REALTIME, &now); err != nil {
			t.Skipf("we may not set the clock: %v", err)
		}
		select {
		case <-told:
			return true
		default:
			return false
		}
	})
}
