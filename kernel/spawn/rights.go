package spawn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// The steps of settings.go that are more than one system call. They run between fork and exec too.

var (
	here      = [...]byte{'.', 0}
	scoreFile = []byte("/proc/self/oom_score_adj\x00")
)

const ioprioWhoProcess = 1 // IOPRIO_WHO_PROCESS

// setOOMScoreAdj writes into /proc. The kernel gives the score to every process that shares the writer's memory, so this
// child has a copy of ours (fork).
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setOOMScoreAdj() syscall.Errno {
	p.stage = stageOOM
	fd, _, errno := syscall.RawSyscall6(unix.SYS_OPENAT, ^uintptr(99), uintptr(unsafe.Pointer(&scoreFile[0])), unix.O_WRONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	_, _, errno = syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&p.oomScoreAdj[0])), uintptr(len(p.oomScoreAdj)))
	syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return errno
}

// setLimits sets the resource limits. A value that is ours stays, but a soft limit above its new hard limit is lowered.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setLimits() syscall.Errno {
	for i := range p.command.Limits {
		limit := &p.command.Limits[i]
		p.stage, p.detail = stageLimit, int32(i)
		var set unix.Rlimit
		if limit.Soft == proc.Ours || limit.Hard == proc.Ours {
			if _, _, errno := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(limit.Resource), 0, uintptr(unsafe.Pointer(&set)), 0, 0); errno != 0 {
				return errno
			}
		}
		if limit.Hard != proc.Ours {
			set.Max = limit.Hard
		}
		if limit.Soft != proc.Ours {
			set.Cur = limit.Soft
		} else if set.Cur > set.Max {
			set.Cur = set.Max
		}
		if _, _, errno := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(limit.Resource), uintptr(unsafe.Pointer(&set)), 0, 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}

// boundCapabilities removes every capability that is not to be kept from the bounding set, and lets the permitted ones survive
// the change of the user. Without the right to remove one, no_new_privileges is enough: then no exec gives any.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) boundCapabilities() syscall.Errno {
	p.stage = stageBounding
	for n := uintptr(0); n < 64; n++ {
		held, _, errno := syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_CAPBSET_READ, n, 0)
		if errno == unix.EINVAL {
			break // the kernel has no more
		}
		p.detail = int32(n)
		if errno != 0 {
			return errno
		}
		if held == 0 || *p.command.Capabilities&(1<<n) != 0 {
			continue
		}
		_, _, errno = syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, n, 0)
		if errno == unix.EPERM && p.command.NoNewPrivileges {
			break
		}
		if errno != 0 {
			return errno
		}
	}
	if p.credential {
		p.stage = stageKeep
		if _, _, errno := syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0); errno != 0 {
			return errno
		}
	}
	return 0
}

// takeCapabilities makes the permitted, effective, inheritable and ambient sets those that are to be kept. An exec keeps the
// ambient ones, also for a user other than root (capabilities(7)).
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) takeCapabilities() syscall.Errno {
	p.stage = stageCapabilities
	keep := uint64(*p.command.Capabilities)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	low, high := uint32(keep), uint32(keep>>32)
	sets := [2]unix.CapUserData{{Effective: low, Permitted: low, Inheritable: low}, {Effective: high, Permitted: high, Inheritable: high}}
	if _, _, errno := syscall.RawSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0); errno != 0 {
		return errno
	}
	p.stage = stageAmbient
	for n := uintptr(0); n < 64; n++ {
		if keep&(1<<n) == 0 {
			continue
		}
		p.detail = int32(n)
		if _, _, errno := syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, n, 0, 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}
