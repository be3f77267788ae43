package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// without becomes a COMMAND to which a seccomp filter refuses one system call
// (EPERM):
//
//	without ppoll|waitid COMMAND [ARG...]
func without(w words) int {
	numbers := map[string]uint32{"ppoll": unix.SYS_PPOLL, "waitid": unix.SYS_WAITID}
	number, ok := numbers[w.arg(0, "")]
	if !ok || len(w.args) < 2 {
		return w.fail(fmt.Errorf("give ppoll or waitid, and a command"))
	}
	path, err := exec.LookPath(w.args[1])
	if err != nil {
		return w.fail(err)
	}
	// seccomp_data begins with the number (include/uapi/linux/seccomp.h).
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // which is the one that execs
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return w.fail(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return w.fail(err)
	}
	return w.fail(syscall.Exec(path, w.args[1:], os.Environ()))
}
