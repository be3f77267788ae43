package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/internal/loopback"
)

// without becomes a COMMAND for which a seccomp filter refuses one system call:
//
//	without [error=EPERM|ENOSYS] [world=yes] CALL COMMAND [ARG...]
//	without list
//
// The second form prints the names of all calls that it knows. world=yes creates
// what a container has in fresh namespaces: /proc, /run, the loopback interface. If execve
// is refused, execveat starts the COMMAND.
func without(w words) int {
	if w.arg(0, "") == "list" {
		for name := range calls() {
			fmt.Println(name)
		}
		return 0
	}
	number, ok := calls()[w.arg(0, "")]
	if !ok || len(w.args) < 2 {
		return w.fail(fmt.Errorf("give the name of a system call (without list), and a command"))
	}
	errno := unix.EPERM
	if w.options["error"] == "ENOSYS" {
		errno = unix.ENOSYS
	}
	path, err := exec.LookPath(w.args[1])
	if err != nil {
		return w.fail(err)
	}
	if w.options["world"] == "yes" {
		if err := smallWorld(); err != nil {
			return w.fail(err)
		}
	}
	runtime.LockOSThread() // which is the one that execs
	file, errPath := syscall.BytePtrFromString(path)
	argv, errArgs := syscall.SlicePtrFromStrings(w.args[1:])
	env, errEnv := syscall.SlicePtrFromStrings(os.Environ())
	if errPath != nil || errArgs != nil || errEnv != nil {
		return w.fail(fmt.Errorf("a NUL byte in a word"))
	}
	if err := refuseCall(number, errno); err != nil {
		return w.fail(err)
	}
	_, _, failed := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])))
	if number == unix.SYS_EXECVE {
		here := unix.AT_FDCWD
		_, _, failed = unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(here), uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), 0, 0)
	}
	return w.fail(failed)
}

// refuseCall puts the filter on the calling thread, for what it executes.
func refuseCall(number uint32, errno syscall.Errno) error {
	// seccomp_data begins with the number (include/uapi/linux/seccomp.h).
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Raw, because the runtime's own calls behind an ordinary one may be what is refused.
	if _, _, failed := unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); failed != 0 {
		return failed
	}
	if _, _, failed := unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0, 0); failed != 0 {
		return failed
	}
	return nil
}

func smallWorld() error {
	for _, m := range []struct {
		source, target, kind, data string
		flags                      uintptr
	}{
		{target: "/", flags: unix.MS_REC | unix.MS_PRIVATE},
		{source: "proc", target: "/proc", kind: "proc"},
		{source: "run", target: "/run", kind: "tmpfs", data: "mode=755"},
		{source: "shm", target: "/dev/shm", kind: "tmpfs", data: "mode=1777"},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return loopback.Up()
}

// calls are system calls by their names, those that sexton and Go's runtime use or
// might use. calls_ARCH.go has what one kind of machine knows alone.
func calls() map[string]uint32 {
	all := onlyHere()
	for name, number := range map[string]uint32{
		"accept": unix.SYS_ACCEPT, "accept4": unix.SYS_ACCEPT4, "bind": unix.SYS_BIND, "chdir": unix.SYS_CHDIR,
		"clock_gettime": unix.SYS_CLOCK_GETTIME, "clock_nanosleep": unix.SYS_CLOCK_NANOSLEEP, "clone": unix.SYS_CLONE,
		"clone3": unix.SYS_CLONE3, "close": unix.SYS_CLOSE, "close_range": unix.SYS_CLOSE_RANGE, "connect": unix.SYS_CONNECT,
		"copy_file_range": unix.SYS_COPY_FILE_RANGE, "dup": unix.SYS_DUP, "dup3": unix.SYS_DUP3, "epoll_create1": unix.SYS_EPOLL_CREATE1,
		"epoll_ctl": unix.SYS_EPOLL_CTL, "epoll_pwait": unix.SYS_EPOLL_PWAIT, "epoll_pwait2": unix.SYS_EPOLL_PWAIT2,
		"eventfd2": unix.SYS_EVENTFD2, "execve": unix.SYS_EXECVE, "execveat": unix.SYS_EXECVEAT, "exit": unix.SYS_EXIT,
		"exit_group": unix.SYS_EXIT_GROUP, "faccessat": unix.SYS_FACCESSAT, "faccessat2": unix.SYS_FACCESSAT2,
		"fadvise64": unix.SYS_FADVISE64, "fallocate": unix.SYS_FALLOCATE, "fchdir": unix.SYS_FCHDIR, "fchmod": unix.SYS_FCHMOD,
		"fchmodat": unix.SYS_FCHMODAT, "fchown": unix.SYS_FCHOWN, "fchownat": unix.SYS_FCHOWNAT, "fcntl": unix.SYS_FCNTL,
		"fdatasync": unix.SYS_FDATASYNC, "flock": unix.SYS_FLOCK, "fstat": unix.SYS_FSTAT, "fstatfs": unix.SYS_FSTATFS,
		"fsync": unix.SYS_FSYNC, "ftruncate": unix.SYS_FTRUNCATE, "futex": unix.SYS_FUTEX, "getcwd": unix.SYS_GETCWD,
		"getdents64": unix.SYS_GETDENTS64, "getegid": unix.SYS_GETEGID, "geteuid": unix.SYS_GETEUID, "getgid": unix.SYS_GETGID,
		"getgroups": unix.SYS_GETGROUPS, "getpeername": unix.SYS_GETPEERNAME, "getpgid": unix.SYS_GETPGID, "getpid": unix.SYS_GETPID,
		"getppid": unix.SYS_GETPPID, "getpriority": unix.SYS_GETPRIORITY, "getrandom": unix.SYS_GETRANDOM,
		"getresuid": unix.SYS_GETRESUID, "getrlimit": unix.SYS_GETRLIMIT, "getrusage": unix.SYS_GETRUSAGE, "getsid": unix.SYS_GETSID,
		"getsockname": unix.SYS_GETSOCKNAME, "getsockopt": unix.SYS_GETSOCKOPT, "gettid": unix.SYS_GETTID,
		"gettimeofday": unix.SYS_GETTIMEOFDAY, "getuid": unix.SYS_GETUID, "inotify_add_watch": unix.SYS_INOTIFY_ADD_WATCH,
		"inotify_init1": unix.SYS_INOTIFY_INIT1, "inotify_rm_watch": unix.SYS_INOTIFY_RM_WATCH, "ioctl": unix.SYS_IOCTL, "kill": unix.SYS_KILL,
		"linkat": unix.SYS_LINKAT, "listen": unix.SYS_LISTEN, "lseek": unix.SYS_LSEEK, "madvise": unix.SYS_MADVISE,
		"membarrier": unix.SYS_MEMBARRIER, "memfd_create": unix.SYS_MEMFD_CREATE, "mincore": unix.SYS_MINCORE,
		"mkdirat": unix.SYS_MKDIRAT, "mknodat": unix.SYS_MKNODAT, "mmap": unix.SYS_MMAP, "mprotect": unix.SYS_MPROTECT,
		"mlock": unix.SYS_MLOCK, "mremap": unix.SYS_MREMAP, "munmap": unix.SYS_MUNMAP, "nanosleep": unix.SYS_NANOSLEEP, "openat": unix.SYS_OPENAT,
		"openat2": unix.SYS_OPENAT2, "pidfd_getfd": unix.SYS_PIDFD_GETFD, "pidfd_open": unix.SYS_PIDFD_OPEN,
		"pidfd_send_signal": unix.SYS_PIDFD_SEND_SIGNAL, "pipe2": unix.SYS_PIPE2, "ppoll": unix.SYS_PPOLL, "prctl": unix.SYS_PRCTL,
		"pread64": unix.SYS_PREAD64, "prlimit64": unix.SYS_PRLIMIT64, "process_vm_readv": unix.SYS_PROCESS_VM_READV,
		"pselect6": unix.SYS_PSELECT6, "pwrite64": unix.SYS_PWRITE64, "read": unix.SYS_READ, "readlinkat": unix.SYS_READLINKAT,
		"readv": unix.SYS_READV, "recvfrom": unix.SYS_RECVFROM, "recvmsg": unix.SYS_RECVMSG, "renameat": unix.SYS_RENAMEAT,
		"renameat2": unix.SYS_RENAMEAT2, "rseq": unix.SYS_RSEQ, "rt_sigaction": unix.SYS_RT_SIGACTION,
		"rt_sigpending": unix.SYS_RT_SIGPENDING, "rt_sigprocmask": unix.SYS_RT_SIGPROCMASK, "rt_sigqueueinfo": unix.SYS_RT_SIGQUEUEINFO,
		"rt_sigreturn": unix.SYS_RT_SIGRETURN, "rt_sigsuspend": unix.SYS_RT_SIGSUSPEND, "rt_sigtimedwait": unix.SYS_RT_SIGTIMEDWAIT,
		"rt_tgsigqueueinfo": unix.SYS_RT_TGSIGQUEUEINFO, "sched_getaffinity": unix.SYS_SCHED_GETAFFINITY,
		"sched_setaffinity": unix.SYS_SCHED_SETAFFINITY, "sched_yield": unix.SYS_SCHED_YIELD, "sendfile": unix.SYS_SENDFILE,
		"sendmsg": unix.SYS_SENDMSG, "sendto": unix.SYS_SENDTO, "set_robust_list": unix.SYS_SET_ROBUST_LIST,
		"set_tid_address": unix.SYS_SET_TID_ADDRESS, "setgid": unix.SYS_SETGID, "setgroups": unix.SYS_SETGROUPS,
		"setpgid": unix.SYS_SETPGID, "setpriority": unix.SYS_SETPRIORITY, "setresgid": unix.SYS_SETRESGID,
		"setresuid": unix.SYS_SETRESUID, "setrlimit": unix.SYS_SETRLIMIT, "setsid": unix.SYS_SETSID, "setsockopt": unix.SYS_SETSOCKOPT,
		"setuid": unix.SYS_SETUID, "shutdown": unix.SYS_SHUTDOWN, "sigaltstack": unix.SYS_SIGALTSTACK, "signalfd4": unix.SYS_SIGNALFD4,
		"socket": unix.SYS_SOCKET, "socketpair": unix.SYS_SOCKETPAIR, "splice": unix.SYS_SPLICE, "statfs": unix.SYS_STATFS,
		"statx": unix.SYS_STATX, "symlinkat": unix.SYS_SYMLINKAT, "sync_file_range": unix.SYS_SYNC_FILE_RANGE,
		"sysinfo": unix.SYS_SYSINFO, "tee": unix.SYS_TEE, "tgkill": unix.SYS_TGKILL, "timer_create": unix.SYS_TIMER_CREATE,
		"timer_delete": unix.SYS_TIMER_DELETE, "timer_settime": unix.SYS_TIMER_SETTIME, "timerfd_create": unix.SYS_TIMERFD_CREATE,
		"timerfd_settime": unix.SYS_TIMERFD_SETTIME, "tkill": unix.SYS_TKILL, "umask": unix.SYS_UMASK, "uname": unix.SYS_UNAME,
		"unlinkat": unix.SYS_UNLINKAT, "unshare": unix.SYS_UNSHARE, "utimensat": unix.SYS_UTIMENSAT, "wait4": unix.SYS_WAIT4,
		"waitid": unix.SYS_WAITID, "write": unix.SYS_WRITE, "writev": unix.SYS_WRITEV,
	} {
		all[name] = number
	}
	return all
}
