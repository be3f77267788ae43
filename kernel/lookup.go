package kernel

import (
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// FindProgram looks for the file that Spawn would execute for c, without starting
// anything: by the PATH of c.Env, in c.Dir, as execvp(3) does. It returns nil where
// there is a regular file that somebody may execute, and otherwise a
// *proc.SpawnError, with NotFound where there is no file at all. What only an exec
// can tell (an interpreter, the binary's architecture, this user's rights) is not
// looked at. It reads directories, and so may wait for a slow file system.
func FindProgram(c *proc.Command) error {
	errno := unix.ENOENT
	for _, file := range candidates(c) {
		if !strings.HasPrefix(file, "/") && c.Dir != "" {
			file = c.Dir + "/" + file
		}
		info, err := os.Stat(file)
		switch {
		case err != nil:
		case info.Mode().IsRegular() && info.Mode()&0o111 != 0:
			return nil
		default:
			errno = unix.EACCES
		}
	}
	return &proc.SpawnError{
		Stage: "exec", Path: c.Argv[0], Err: syscall.Errno(errno), Mend: execMend(c, errno), NotFound: errno == unix.ENOENT,
	}
}

// interpreterEndsInCR tells whether a file is a script whose #! line ends with CR and
// LF: the kernel takes the CR for a part of the interpreter's name (execve(2)).
func interpreterEndsInCR(file string, info os.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false
	}
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256) // BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h
	n, _ := io.ReadFull(f, head)
	line, _, ended := strings.Cut(string(head[:n]), "\n")
	return ended && strings.HasPrefix(line, "#!") && strings.HasSuffix(line, "\r")
}
