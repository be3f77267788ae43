package spawn

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// siginfo is the result of waitid(2), in the 64-bit layout of
// include/uapi/asm-generic/siginfo.h. unix.Siginfo hides the two fields that we need.
type siginfo struct {
	signo, errno, code, _ int32
	pid, uid, status      int32
	_                     [128 - 7*4]byte
}

// Values of siginfo.code for a child (waitid(2)).
const (
	cldExited = 1
	cldDumped = 3
)

// Peek reports one dead child without freeing its number.
//
// The child stays a zombie until Reap, so no new process can get its PID or process group
// while the caller still wants to signal the group. ok is false if
// no child is dead; children reports whether there is any child, dead or
// alive. Peek never blocks.
//
// waitid(2): WNOWAIT leaves the child in a waitable state. The system call has a
// fifth argument that the C library hides: the child's resource usage, as in
// wait4(2) ("C library/kernel differences").
func (*Spawner) Peek() (dead proc.Dead, ok, children bool, err error) {
	var info siginfo
	var usage unix.Rusage
	for {
		_, _, errno := syscall.RawSyscall6(unix.SYS_WAITID, unix.P_ALL, 0, uintptr(unsafe.Pointer(&info)),
			unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, uintptr(unsafe.Pointer(&usage)), 0)
		switch errno {
		case 0:
			if info.pid == 0 {
				return proc.Dead{}, false, true, nil
			}
			return proc.Dead{PID: proc.PID(info.pid), Exit: info.exit(), Usage: used(&usage)}, true, true, nil
		case unix.EINTR:
		case unix.ECHILD:
			return proc.Dead{}, false, false, nil
		default:
			return proc.Dead{}, false, true, fmt.Errorf("look for dead children: waitid: %w", errno)
		}
	}
}

// Stopped reports whether the child pid is stopped (SIGSTOP, Ctrl-Z) and not continued. A
// zombie is not stopped. waitid(2), WSTOPPED.
func (*Spawner) Stopped(pid proc.PID) bool {
	var info siginfo
	_, _, errno := syscall.RawSyscall6(unix.SYS_WAITID, unix.P_PID, uintptr(pid), uintptr(unsafe.Pointer(&info)),
		unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, 0, 0)
	return errno == 0 && info.pid != 0
}

func (i *siginfo) exit() proc.Exit {
	if i.code == cldExited {
		return proc.Exit{Code: int(i.status)}
	}
	return proc.Exit{Signal: proc.Signal(i.status), Core: i.code == cldDumped}
}

func used(r *unix.Rusage) proc.Usage {
	return proc.Usage{
		User:        time.Duration(r.Utime.Nano()),
		System:      time.Duration(r.Stime.Nano()),
		MaxRSSBytes: r.Maxrss << 10, // in KiB, getrusage(2)
	}
}

// Reap frees the zombie that Peek has returned. From then on its number may belong
// to another process.
func (*Spawner) Reap(pid proc.PID) error {
	for {
		_, err := unix.Wait4(int(pid), nil, unix.WNOHANG, nil)
		if err == unix.EPERM || err == unix.ENOSYS { // wait4 itself never fails like this: a filter refuses it, and waitid may work
			err = waitOne(int(pid), unix.WNOHANG)
		}
		switch err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("reap process %d: wait4: %w", pid, err)
		}
	}
}

// reapUnheard waits for the end of a child that Spawn has not returned to its caller, so only we know
// it. See wait4(2) for the options.
func reapUnheard(pid, options int) {
	for {
		_, err := unix.Wait4(pid, nil, options, nil)
		if err == unix.EPERM || err == unix.ENOSYS {
			err = waitOne(pid, options)
		}
		if err != unix.EINTR {
			return
		}
	}
}

// waitOne does the work of wait4(2) with waitid, for a seccomp profile that allows only the newer call.
func waitOne(pid, options int) error {
	_, _, errno := syscall.RawSyscall6(unix.SYS_WAITID, unix.P_PID, uintptr(pid), 0, uintptr(unix.WEXITED|options), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
