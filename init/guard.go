package pid1

import "fmt"

// guarded does what works beside the loop. A panic on another goroutine would end PID 1 on the spot, and the
// kernel would kill every process of the container with it. So it becomes the error of this one
// attempt.
func guarded(work func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("internal error: %v; please report it", cause)
		}
	}()
	return work()
}
