// Package procfs reads what /proc and the cgroup tell: who is there, who descends from whom, who listens, and
// what is counted. It changes nothing.
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

// What /proc shows of other processes.

// View is one look at it after another. A process has one.
type View struct {
	oomFile   string // counts who was killed for want of memory; "": not looked for, or not there
	oomSought bool   // it was looked for
	oomKills  uint64 // as it was last
}

// Stat is what a process's stat file says (proc_pid_stat(5)).
type Stat struct {
	proc.Other
	Dead  bool // a zombie without a thread, or on its way out
	Pages int  // that are resident
}

// StatOf reads it. ok is false when the process is gone, or hidden from us.
func StatOf(pid proc.PID) (s Stat, ok bool) {
	buffer := make([]byte, 1024)
	n, _ := readRaw(procFile(pid, "stat"), buffer)
	text := string(buffer[:n])
	// Only behind the second field, the name, which may itself contain blanks and
	// parentheses, can the others be told apart.
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
		// A process whose first thread alone has ended shows as a zombie, too, but its other
		// threads live on, and it hears signals (proc_pid_stat(5), num_threads).
		Dead:  fields[0] == "Z" && field(20) <= 1 || fields[0] == "X",
		Pages: field(24),
	}, true
}

func procFile(pid proc.PID, name string) string {
	return "/proc/" + strconv.Itoa(int(pid)) + "/" + name
}

// ownProc tells whether /proc shows our PID namespace. In a jail that was given
// another's, the machine's perhaps, each number there stands for a process that is somebody else here.
func ownProc() bool {
	var self [32]byte
	path := []byte("/proc/self\x00")
	at := unix.AT_FDCWD
	n, _, errno := syscall.RawSyscall6(unix.SYS_READLINKAT, uintptr(at), uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&self)), uintptr(len(self)), 0, 0)
	return errno == 0 && string(self[:n]) == strconv.Itoa(os.Getpid())
}

// readRaw reads a file of /proc that does not make its reader wait, until it ends or the
// buffer is full; ok is false when it cannot be opened. The runtime is not told: otherwise
// each of the loop's reads would wake its monitor, at each stop of a service.
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

// Processes are the numbers that /proc shows, a few at a time: there may be tens of
// thousands, and who looks may have seen enough. There are none where it shows another PID
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

// ReadSmall reads a file of 1 KiB at most; "" if it cannot be read. Package os would ask
// the poller first whether it can wait for it, for each of thousands of files.
func ReadSmall(path string) string {
	buffer := make([]byte, 1024)
	return string(buffer[:readInto(path, buffer)])
}

// readInto reads a file until it ends or the buffer is full, and tells how much
// that was.
func readInto(path string, buffer []byte) (n int) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	return ReadFrom(fd, buffer)
}

// ReadFrom reads until a file ends, or the buffer is full, or it fails, and tells how much
// that was.
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
