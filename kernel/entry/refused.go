package entry

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// System calls that a seccomp profile may refuse us, and that the one-command form does not need. Each is
// tried with arguments that make it do nothing, which takes a tenth of a microsecond.

// RefusedCall is a system call that is refused.
type RefusedCall struct {
	Name    string
	Without string // what does not work without it
	Fatal   bool   // Go's runtime or its packages crash where it is missing
}

type wanted struct {
	number    uintptr
	arguments [3]uintptr
	RefusedCall
}

func wantedCalls() []wanted {
	const (
		control  = "the control socket and the health port do not answer"
		sockets  = "there is no control socket, no health port, no syslog and no probe of tcp and http"
		probes   = "probes of tcp and http fail"
		starting = "nothing can be started"
	)
	bad := [3]uintptr{nowhere, nowhere, nowhere}
	return []wanted{
		{unix.SYS_EPOLL_CREATE1, bad, RefusedCall{"epoll_create1", "no pipe can be waited for", true}},
		{unix.SYS_EPOLL_CTL, bad, RefusedCall{"epoll_ctl", "no pipe can be waited for", true}},
		{unix.SYS_EPOLL_PWAIT, [3]uintptr{nowhere}, RefusedCall{"epoll_pwait", "no pipe can be waited for", true}},
		{unix.SYS_EVENTFD2, bad, RefusedCall{"eventfd2", "no pipe can be waited for", true}},
		{unix.SYS_GETSOCKNAME, bad, RefusedCall{"getsockname", sockets, true}},
		{unix.SYS_EXECVE, [3]uintptr{}, RefusedCall{"execve", starting, true}},
		{unix.SYS_OPENAT, [3]uintptr{nowhere}, RefusedCall{"openat", "no file can be read", true}},
		{unix.SYS_ACCEPT4, bad, RefusedCall{"accept4", control, false}},
		{unix.SYS_BIND, bad, RefusedCall{"bind", control, false}},
		{unix.SYS_LISTEN, bad, RefusedCall{"listen", control, false}},
		{unix.SYS_SENDMSG, bad, RefusedCall{"sendmsg", control, false}},
		{unix.SYS_GETSOCKOPT, bad, RefusedCall{"getsockopt", control + ", and " + probes, false}},
		{unix.SYS_SOCKET, bad, RefusedCall{"socket", sockets, false}},
		{unix.SYS_SETSOCKOPT, bad, RefusedCall{"setsockopt", sockets, false}},
		{unix.SYS_READLINKAT, [3]uintptr{nowhere}, RefusedCall{"readlinkat", "the control socket of this container cannot be told from another's, and no process can be named", false}},
		{unix.SYS_CONNECT, bad, RefusedCall{"connect", probes, false}},
		{unix.SYS_GETPEERNAME, bad, RefusedCall{"getpeername", probes, false}},
		{FstatatCall, [3]uintptr{nowhere}, RefusedCall{"newfstatat", "probes of files fail", false}},
		{unix.SYS_FSTAT, bad, RefusedCall{"fstat", "log files and terminals cannot be used", false}},
		{unix.SYS_FCHMODAT, [3]uintptr{nowhere}, RefusedCall{"fchmodat", "there is no control socket", false}},
		{unix.SYS_IOCTL, [3]uintptr{nowhere, unix.TCGETS}, RefusedCall{"ioctl", "there are no terminals", false}},
		{unix.SYS_GETDENTS64, bad, RefusedCall{"getdents64", "no other process can be seen in /proc", false}},
		{unix.SYS_DUP3, bad, RefusedCall{"dup3", starting, false}},
	}
}

// Refused returns the calls that are refused, with EPERM or with ENOSYS, as if the kernel did
// not have them. Only the one-command form works without them.
func Refused() (calls []RefusedCall) {
	for _, w := range wantedCalls() {
		_, _, errno := syscall.RawSyscall6(w.number, w.arguments[0], w.arguments[1], w.arguments[2], 0, 0, 0)
		if errno == unix.EPERM || errno == unix.ENOSYS {
			calls = append(calls, w.RefusedCall)
		}
	}
	return calls
}
