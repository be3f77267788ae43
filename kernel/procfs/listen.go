package procfs

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Listening returns which of the processes hold a listening socket, of TCP or of the unix
// domain, in our network namespace. For a process of another user it needs
// CAP_SYS_PTRACE (proc_pid_fd(5)); a process that it cannot inspect counts as not listening.
//
// It stops looking after most, and keeps no table in memory: any process in the
// network namespace can open a hundred thousand sockets, and each is a line to read.
func (*View) Listening(pids []proc.PID, most time.Duration) map[proc.PID]bool {
	listening := make(map[proc.PID]bool)
	if len(pids) == 0 || !ownProc() {
		return listening
	}
	by := time.Now().Add(most)
	holders := holdersOf(pids, by)
	look := func(path string, inode int, listens func(line []byte) bool) {
		if len(holders) == 0 {
			return
		}
		eachLine(path, by, func(line []byte) {
			if listens(line) {
				for _, pid := range holders[string(field(line, inode))] {
					listening[pid] = true
				}
			}
		})
	}
	// The state and the flags are the fourth field in both (proc_pid_net(5)).
	tcp := func(line []byte) bool { return string(field(line, 3)) == tcpListen }
	look("/proc/net/tcp", 9, tcp)
	look("/proc/net/tcp6", 9, tcp)
	look("/proc/net/unix", 6, func(line []byte) bool {
		const acceptCon = 0x10000 // __SO_ACCEPTCON of include/linux/net.h
		flags, err := strconv.ParseUint(string(field(line, 3)), 16, 64)
		return err == nil && flags&acceptCon != 0
	})
	return listening
}

// field returns field n of a line, counted from 0. Blanks separate fields.
func field(line []byte, n int) []byte {
	for {
		line = bytes.TrimLeft(line, " ")
		end := bytes.IndexByte(line, ' ')
		if end < 0 {
			end = len(line)
		}
		if n == 0 || end == 0 {
			return line[:end]
		}
		line, n = line[end:], n-1
	}
}

// eachLine reads a file in pieces, until its end or until by.
func eachLine(path string, by time.Time, take func(line []byte)) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	buffer := make([]byte, 16<<10)
	have := 0
	for time.Now().Before(by) {
		n, err := unix.Read(fd, buffer[have:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		rest := buffer[:have+n]
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole {
				break
			}
			take(line)
			rest = after
		}
		if have = copy(buffer, rest); have == len(buffer) {
			return // no line is so long
		}
	}
}

// descriptorsMost is how many descriptors of a process are inspected. Servers open their listening sockets
// early, so these have small numbers.
const descriptorsMost = 1024

// holdersOf maps the inode of each socket of these processes to the processes that hold it.
func holdersOf(pids []proc.PID, by time.Time) map[string][]proc.PID {
	holders := make(map[string][]proc.PID)
	link := make([]byte, 64)
	for _, pid := range pids {
		for _, name := range descriptorsOf(pid) {
			if !time.Now().Before(by) {
				return holders
			}
			n, err := unix.Readlink(procFile(pid, "fd/"+name), link)
			if err != nil {
				continue
			}
			if inode, ok := strings.CutPrefix(string(link[:n]), "socket:["); ok {
				inode = strings.TrimSuffix(inode, "]")
				holders[inode] = append(holders[inode], pid)
			}
		}
	}
	return holders
}

func descriptorsOf(pid proc.PID) []string {
	fd, err := unix.Open(procFile(pid, "fd"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	dir := os.NewFile(uintptr(fd), "fd")
	defer dir.Close()
	names, _ := dir.Readdirnames(descriptorsMost)
	return names
}
