package kernel

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Listening tells which of the processes hold a socket that listens, of TCP or of the unix
// domain, in our network namespace. A process of another user can only be asked with
// CAP_SYS_PTRACE (proc_pid_fd(5)); one that cannot be asked holds none.
func (*Linux) Listening(pids []proc.PID) map[proc.PID]bool {
	listening := make(map[proc.PID]bool)
	if len(pids) == 0 || !ownProc() {
		return listening
	}
	inodes := listeningInodes()
	for _, pid := range pids {
		for _, name := range descriptorsOf(pid) {
			link := make([]byte, 64)
			n, err := unix.Readlink(procFile(pid, "fd/"+name), link)
			if err != nil {
				continue
			}
			if inode, ok := strings.CutPrefix(string(link[:n]), "socket:["); ok && inodes[strings.TrimSuffix(inode, "]")] {
				listening[pid] = true
				break
			}
		}
	}
	return listening
}

// readWhole reads a file of any length.
func readWhole(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	buffer := make([]byte, 0, 4096)
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := unix.Read(fd, buffer[len(buffer):cap(buffer)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return string(buffer), nil
		}
		buffer = buffer[:len(buffer)+n]
	}
}

// descriptorsMost is how many descriptors of a process are looked at. What listens does so
// early, with small numbers.
const descriptorsMost = 1024

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

// listeningInodes are the inodes of the sockets that listen: in state 0A (TCP_LISTEN) of
// /proc/net/tcp and tcp6, with the flag __SO_ACCEPTCON of /proc/net/unix (proc_pid_net(5)).
func listeningInodes() map[string]bool {
	const state, tcpInode, flags, unixInode, acceptCon = 3, 9, 3, 6, 0x10000
	inodes := make(map[string]bool)
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := readWhole(path)
		for line := range strings.Lines(text) {
			if fields := strings.Fields(line); len(fields) > tcpInode && fields[state] == "0A" {
				inodes[fields[tcpInode]] = true
			}
		}
	}
	text, _ := readWhole("/proc/net/unix")
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) <= unixInode {
			continue
		}
		if set, err := strconv.ParseUint(fields[flags], 16, 64); err == nil && set&acceptCon != 0 {
			inodes[fields[unixInode]] = true
		}
	}
	return inodes
}
