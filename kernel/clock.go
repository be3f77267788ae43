package kernel

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// WatchClock calls told, from a goroutine of its own, whenever the clock that shows the time of day
// was set, or the machine was asleep, until stop is called (timerfd_create(2),
// TFD_TIMER_CANCEL_ON_SET). Where that cannot be known, told is never called. The goroutine
// waits in the poller and holds no thread.
func WatchClock(told func()) (stop func()) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return func() {}
	}
	f := os.NewFile(uintptr(fd), "timerfd")
	done := make(chan struct{})
	go func() {
		defer f.Close()
		never := unix.ItimerSpec{Value: unix.Timespec{Sec: 1 << 40}}
		buf := make([]byte, 8)
		for {
			const cancelOnSet = 1 << 1 // TFD_TIMER_CANCEL_ON_SET of linux/timerfd.h
			if unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|cancelOnSet, &never, nil) != nil {
				return
			}
			_, err := f.Read(buf)
			select {
			case <-done:
				return
			default:
			}
			if !errors.Is(err, unix.ECANCELED) {
				return
			}
			told()
		}
	}()
	return func() {
		close(done)
		_ = f.SetReadDeadline(time.Unix(1, 0)) // it wakes the goroutine
	}
}
