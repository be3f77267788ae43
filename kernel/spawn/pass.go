package spawn

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// passed is a descriptor that the child gets under a number of its own, 3 or above.
type passed struct{ from, to int32 }

// preparePassed enters what the command passes on.
func (p *plan) preparePassed(c *proc.Command) {
	for _, pass := range c.Pass {
		p.passed = append(p.passed, passed{int32(pass.FD), int32(pass.At)})
		p.above = max(p.above, int32(pass.At)+1)
	}
}

// arrangePassed gives every descriptor of Pass its number. First they all move above the
// numbers that will be taken, and the pipe for our report too: a number may be the present one of
// another. It comes after everything else that needs a descriptor.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) arrangePassed() syscall.Errno {
	if len(p.passed) == 0 {
		return 0
	}
	p.stage = stagePass
	if p.report[1] < int(p.above) {
		moved, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(p.report[1]), unix.F_DUPFD_CLOEXEC, uintptr(p.above))
		if errno != 0 {
			return errno
		}
		p.movedReport = int(moved) // the parent still reads report
	}
	for i := range p.passed {
		moved, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(p.passed[i].from), unix.F_DUPFD_CLOEXEC, uintptr(p.above))
		if errno != 0 {
			return errno
		}
		p.passed[i].from = int32(moved)
	}
	for i := range p.passed {
		if _, _, errno := syscall.RawSyscall(unix.SYS_DUP3, uintptr(p.passed[i].from), uintptr(p.passed[i].to), 0); errno != 0 {
			return errno
		}
	}
	return 0
}
