//lint:file-ignore U1000 entry_*.s reads and calls what is here, where the tag entry is set

package entry

import (
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file lists the system calls that Go's runtime needs. If a seccomp profile refuses one of them, or if a
// limit leaves no thread or no memory, the runtime ends the process with a traceback or a
// fault, or it hangs. We print one line instead, and exit with status 70.

// need is a system call that the entry tries before the runtime starts. Its arguments make it do nothing: it
// succeeds, or fails with an error other than EPERM and ENOSYS. entry_*.s depends on the
// order of the fields.
type need struct {
	number    uintptr
	arguments [4]uintptr
	refused   string // the line to say
}

// Beginning and end of the line that names a system call which is refused.
const (
	RefusedBegin = "sexton: nothing was started: the system call "
	RefusedEnd   = " is refused, and no program in Go can run without it; allow it in the seccomp profile of the container\n"
)

const (
	initEnd = " is refused, and no init can do without it; allow it in the seccomp profile of the container\n"
	nowhere = ^uintptr(0) // a descriptor, a mode or a number that does not exist
)

// needed ends with a need whose number is nowhere. Three calls cannot be tried here: see
// Exit for exit_group, restore in signals/catch_*.s for rt_sigreturn, and runtimeWrites for clone (a clone
// that fails kills valgrind).
var needed = [...]need{
	{unix.SYS_RT_SIGPROCMASK, [4]uintptr{0, 0, 0, 8}, RefusedBegin + "rt_sigprocmask" + RefusedEnd},
	{unix.SYS_RT_SIGACTION, [4]uintptr{64, 0, 0, 8}, RefusedBegin + "rt_sigaction" + RefusedEnd},
	{unix.SYS_SIGALTSTACK, [4]uintptr{}, RefusedBegin + "sigaltstack" + RefusedEnd},
	{unix.SYS_MMAP, [4]uintptr{}, RefusedBegin + "mmap" + RefusedEnd}, // no length: EINVAL
	{threadPointerCall, [4]uintptr{nowhere}, RefusedBegin + "arch_prctl" + RefusedEnd},
	{unix.SYS_MUNMAP, [4]uintptr{1}, RefusedBegin + "munmap" + RefusedEnd},                    // not a page: EINVAL
	{unix.SYS_FUTEX, [4]uintptr{0, futexWakePrivate, 0}, RefusedBegin + "futex" + RefusedEnd}, // nobody waits at 0
	{unix.SYS_FCNTL, [4]uintptr{nowhere, unix.F_GETFD}, RefusedBegin + "fcntl" + RefusedEnd},  // EBADF
	{unix.SYS_READ, [4]uintptr{nowhere}, RefusedBegin + "read" + RefusedEnd},                  // EBADF
	{unix.SYS_WRITE, [4]uintptr{nowhere}, RefusedBegin + "write" + RefusedEnd},                // EBADF; said by writev
	{unix.SYS_CLOSE, [4]uintptr{nowhere}, RefusedBegin + "close" + RefusedEnd},                // EBADF
	{unix.SYS_KILL, [4]uintptr{uintptr(1 << 31), 0}, RefusedBegin + "kill" + initEnd},         // INT_MIN: ESRCH
	{unix.SYS_PIPE2, [4]uintptr{0, nowhere}, RefusedBegin + "pipe2" + initEnd},                // EINVAL
	{unix.SYS_GETPID, [4]uintptr{}, RefusedBegin + "getpid" + initEnd},
	{unix.SYS_GETEUID, [4]uintptr{}, RefusedBegin + "geteuid" + initEnd},
	{number: nowhere},
}

// futexWakePrivate is FUTEX_WAKE|FUTEX_PRIVATE_FLAG (futex(2)).
const futexWakePrivate = 1 | 128

const (
	leaving     = "; leaving with status 70\n"
	limitReach  = "sexton: cannot create a thread: raise the pids limit of the container (--pids-limit), or the process limit of this user (RLIMIT_NPROC, ulimit -u)" + leaving
	cloneFailed = "sexton: cannot create a thread: clone is refused; allow it for threads in the seccomp profile of the container" + leaving
	noMemory    = "sexton: no memory for Go's runtime: raise the limits of the address space and of data (RLIMIT_AS, ulimit -v, 1.25 GiB at least; RLIMIT_DATA, ulimit -d, 64 MiB at least), or the memory limit of the container" + leaving
)

// memoryWords: each fatal error of Go's runtime for lack of memory contains one of them.
var memoryWords = [...]string{"out of memory", "cannot allocate memory", "failed to reserve", "failed to allocate"}

// The state of runtimeWrites between two calls.
var (
	complained  uint32 // fatalBegan, threadBegan or threadErrno
	complaining = runtimeWrites
)

const (
	fatalBegan  = 1 + iota // "fatal error: " was kept back
	threadBegan            // the runtime's message about a thread that it cannot make is dropped
	threadErrno            // and the next word is the errno
)

// runtimeWrites writes the messages of Go's runtime; entry_*.s installs it
// (runtime.overrideWrite). A message comes in pieces, under a lock of the runtime.
// A message that the process must end because there is no thread or no memory is
// replaced by a line of ours. Everything else is written unchanged.
//
//go:norace
//go:nosplit
//go:nocheckptr
func runtimeWrites(fd uintptr, p unsafe.Pointer, n int32) int32 {
	text := unsafe.String((*byte)(p), int(n))
	switch complained {
	case fatalBegan:
		complained = 0
		if wantsMemory(text) {
			endWith(noMemory)
		}
		writeText(fd, "fatal error: ")
	case threadBegan:
		if strings.HasSuffix(text, "errno=") {
			complained = threadErrno
		}
		return n
	case threadErrno:
		switch text {
		case "11": // EAGAIN, clone(2)
			endWith(limitReach)
		case "12": // ENOMEM
			endWith(noMemory)
		}
		endWith(cloneFailed)
	}
	switch {
	case text == "fatal error: ":
		complained = fatalBegan
		return n
	case strings.HasPrefix(text, "runtime: failed to create new OS thread"):
		complained = threadBegan
		return n
	case strings.HasPrefix(text, "runtime: out of memory"):
		endWith(noMemory)
	}
	writeText(fd, text)
	return n
}

//go:norace
//go:nosplit
//go:nocheckptr
func wantsMemory(text string) bool {
	for i := range memoryWords {
		for at := range len(text) {
			if strings.HasPrefix(text[at:], memoryWords[i]) {
				return true
			}
		}
	}
	return false
}

//go:norace
//go:nosplit
//go:nocheckptr
func writeText(fd uintptr, text string) {
	syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(len(text)))
}

//go:norace
//go:nosplit
//go:nocheckptr
func endWith(line string) {
	writeText(2, line)
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, exitInternal, 0, 0)
		syscall.RawSyscall(unix.SYS_EXIT, exitInternal, 0, 0)
	}
}

// exitInternal is EX_SOFTWARE of sysexits.h.
const exitInternal = 70

// Exit ends the process. A seccomp profile may refuse exit_group, and exit ends a single
// thread. In that case we execute ourselves, and so become a process with one thread: entry_*.s ends it at
// once with the status in its arguments, one letter for each half of the byte.
func Exit(status int) {
	status &= 0xff
	syscall.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(status), 0, 0)
	_ = unix.Exec("/proc/self/exe", []string{"", string([]byte{'A' + byte(status>>4), 'A' + byte(status&15)})}, nil)
	os.Exit(status)
}
