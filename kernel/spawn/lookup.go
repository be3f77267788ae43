package spawn

import (
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// located lists the files that may be the command's, in the order in which they are tried,
// as they are reached from our own directory.
func located(c *proc.Command) []string {
	files := candidates(c)
	for i, file := range files {
		if !strings.HasPrefix(file, "/") && c.Dir != "" {
			files[i] = c.Dir + "/" + file
		}
	}
	return files
}

// Find looks for the command as Spawn does, without starting it: there is false where no
// such file is. where says in words where it was looked for. A file that may be there,
// in a directory closed to us, counts as there.
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
// anything: by the PATH of c.Env, in c.Dir, as execvp(3) does. It returns nil where
// there is a regular file that somebody may execute, and otherwise a
// *proc.SpawnError, with NotFound where there is no file at all. What only an exec
// can tell (an interpreter, the binary's architecture, this user's rights) is not
// looked at. It reads directories, and so may wait for a slow file system.
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
