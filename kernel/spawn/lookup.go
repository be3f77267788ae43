package spawn

import (
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// located lists the files that the command may name, in the order in which they are tried,
// with paths that are valid from our own directory.
func located(c *proc.Command) []string {
	files := candidates(c)
	for i, file := range files {
		if !strings.HasPrefix(file, "/") && c.Dir != "" {
			files[i] = c.Dir + "/" + file
		}
	}
	return inRoot(c, files)
}

// Find looks for the command as Spawn does, without starting it. If there is no
// such file, there is false, and where says in words which places were searched. A file in a directory that we
// cannot read may exist, so it counts as found.
func Find(c *proc.Command) (where string, there bool) {
	for _, file := range located(c) {
		if err := unix.Access(file, unix.F_OK); err != unix.ENOENT && err != unix.ENOTDIR {
			return file, true
		}
	}
	if strings.Contains(c.Argv[0], "/") {
		return "from " + c.Dir, false
	}
	return "in PATH=" + pathOf(c.Env), false
}

// FindProgram looks for the file that Spawn would execute for c, without starting
// anything: by the PATH of c.Env, in c.Dir, as execvp(3) does. It returns nil if
// there is a regular file that is executable for any user, and otherwise a
// *proc.SpawnError, with NotFound if there is no file at all. It does not check what only an exec
// can show: the interpreter, the binary's architecture, this user's rights.
// It reads directories, so it may wait for a slow file system.
func FindProgram(c *proc.Command) error {
	errno := unix.ENOENT
	for _, file := range located(c) {
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

// interpreterEndsInCR reports whether a file is a script whose #! line ends with CR and
// LF. The kernel takes the CR as part of the interpreter's name (execve(2)).
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
