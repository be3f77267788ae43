// Package procfs reads /proc and the cgroup: which processes exist, which descend from which, which listen, and
// the kernel's counters. It changes nothing.
package procfs

import (
	"iter"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// This file reads what /proc shows of a process.

// View reads /proc. We have one, since it keeps the counters of the last look.
type View struct {
	oomFile   string // the file that counts processes killed for lack of memory; "": not found, or not searched yet
	oomSought bool   // it was searched
	oomKills  uint64 // its last value
}

// Stat is the content of a process's stat file (proc_pid_stat(5)).
type Stat struct {
	proc.Other
	Dead  bool // a zombie without a living thread, or about to disappear
	Pages int  // that are resident
}

// StatOf reads it. ok is false if the process is gone or hidden from us.
func StatOf(pid proc.PID) (s Stat, ok bool) {
	buffer := make([]byte, 1024)
	n, _ := readRaw(procFile(pid, "stat"), buffer)
	text := string(buffer[:n])
	// The second field, the name, may itself contain blanks and
	// parentheses, so begin behind its end.
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	field := func(n int) int { // numbered as in the manual page
		value, _ := strconv.Atoi(fields[n-3])
		return value
	}
	if len(fields) <= 24-3 {
		return Stat{}, false
	}
	return Stat{
		Other: proc.Other{
			PID: pid, Parent: proc.PID(field(4)), Group: proc.PID(field(5)), Session: proc.PID(field(6)),
			Started: uint64(field(22)),
		},
		// If only the first thread of a process has ended, the process is shown as a zombie too, but its other
		// threads live on, and it receives signals (proc_pid_stat(5), num_threads).
		Dead:  fields[0] == "Z" && field(20) <= 1 || fields[0] == "X",
		Pages: field(24),
	}, true
}

func procFile(pid proc.PID, name string) string {
	return "/proc/" + strconv.Itoa(int(pid)) + "/" + name
}

// ownProc reports whether /proc shows our PID namespace. If it shows another one, such as the
// machine's, each number there belongs to a different process than here.
func ownProc() bool {
	var self [32]byte
	path := []byte("/proc/self\x00")
	at := unix.AT_FDCWD
	n, _, errno := syscall.RawSyscall6(unix.SYS_READLINKAT, uintptr(at), uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&self)), uintptr(len(self)), 0, 0)
	return errno == 0 && string(self[:n]) == strconv.Itoa(os.Getpid())
}

// readRaw reads a file of /proc that never blocks, until its end or until the
// buffer is full; ok is false if it cannot be opened. It does not tell Go's runtime about the system calls: otherwise
// each read by the loop, at each stop of a service, would wake the runtime's monitor.
func readRaw(path string, buffer []byte) (n int, ok bool) {
	name := append([]byte(path), 0)
	at := unix.AT_FDCWD
	fd, _, errno := syscall.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&name[0])), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return 0, false
	}
	for n < len(buffer) {
		more, _, errno := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&buffer[n])), uintptr(len(buffer)-n))
		if errno != 0 || more == 0 {
			break
		}
		n += int(more)
	}
	syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return n, true
}

// Processes iterates over the numbers that /proc shows. It reads a few at a time: there may be tens of
// thousands, and the caller may stop early. There are none if /proc shows another PID
// namespace.
func Processes() iter.Seq[proc.PID] {
	return func(yield func(proc.PID) bool) {
		if !ownProc() {
			return
		}
		fd, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return
		}
		dir := os.NewFile(uintptr(fd), "/proc") // os.Open would start the poller
		defer dir.Close()
		for {
			names, _ := dir.Readdirnames(100)
			if len(names) == 0 {
				return
			}
			for _, name := range names {
				if pid, err := strconv.Atoi(name); err == nil && !yield(proc.PID(pid)) {
					return
				}
			}
		}
	}
}

// ReadSmall reads a file of at most 1 KiB; "" if it cannot be read. Package os would register each of
// thousands of files with the poller first.
func ReadSmall(path string) string {
	buffer := make([]byte, 1024)
	return string(buffer[:readInto(path, buffer)])
}

// readInto reads a file until its end or until the buffer is full, and returns the number of
// bytes.
func readInto(path string, buffer []byte) (n int) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	return ReadFrom(fd, buffer)
}

// ReadFrom reads until the end of the file, an error, or a full buffer, and returns the number of
// bytes.
func ReadFrom(fd int, buffer []byte) (n int) {
	for n < len(buffer) {
		more, err := unix.Read(fd, buffer[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || more == 0 {
			break
		}
		n += more
	}
	return n
}
