package kernel

import (
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
)

// What is asked before package os is used: whether its poller will find the descriptors that it takes.
func TestMayOpenTriesAsManyAsItIsAskedFor(t *testing.T) { scene.Run(t, "many files", nil) }

func fewDescriptors(s *scene.T) {
	first, err := unix.Dup(0)
	if err != nil {
		s.Fatalf("%v", err)
	}
	var high int // descriptors of Go's own may be open above
	for fd := first; fd < 64; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			high = fd
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(high + 4), Max: uint64(high + 4)}); err != nil {
		s.Fatalf("%v", err)
	}
	for fd := first + 1; fd < high; fd++ {
		_ = unix.Dup3(0, fd, 0)
	}
	if err := MayOpen(3); err != nil {
		s.Errorf("three are free: %v", err)
	}
	if err := MayOpen(4); err == nil {
		s.Errorf("three are free, and four are said to be")
	}
	if err := MayOpen(3); err != nil {
		s.Errorf("the trial keeps descriptors: %v", err)
	}
}
