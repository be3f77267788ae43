// Package spawn starts processes, and reaps those that have ended. One mechanism (spawn.go, child.go) undoes in the
// child, between fork and exec, what we have changed for ourselves.
package spawn

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/kernel/signals"
	"sexton/kernel/users"
	"sexton/proc"
)

// DefaultPath is used for a command without a slash if its
// environment has no PATH. It is the PATH that Docker gives a container.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Spawner starts processes. We have one.
type Spawner struct {
	home string // our directory before an heir got it; "": no heir yet, or the directory has no name
}

// Spawn starts one process and returns when the process has become the program that c
// names, or when a step failed. In that case the error is a
// *proc.SpawnError and there is no process. Spawn blocks as long as fork and
// exec take: usually a millisecond, longer if the file comes from a slow
// network file system.
//
// The child has a process group (or a session) of its own, default
// dispositions for all signals except those in c.Ignore, the mask c.Mask, and no
// descriptors except 0, 1 and 2. The command is looked up as execvp(3)
// does, and like execvp, Spawn lets /bin/sh run a text file without "#!".
func (s *Spawner) Spawn(c *proc.Command) (proc.PID, error) {
	if c.Heir && c.Dir == "" {
		c.Dir = s.home // of an heir before it, whose exec failed
	}
	plan, err := newPlan(c)
	if err != nil {
		return 0, err
	}
	defer plan.release()
	if c.Secrets != nil {
		if err := plan.addSecrets(c.Secrets); err != nil {
			return 0, err
		}
		defer c.Secrets.Unmap()
	}
	giveOutput(c)
	spawning.Lock()
	defer spawning.Unlock()
	if err := unix.Pipe2(plan.report[:], unix.O_CLOEXEC); err != nil {
		return 0, &proc.SpawnError{Stage: "pipe2", Err: err, Passing: true}
	}
	defer unix.Close(plan.report[0])
	home := ""
	if c.Heir {
		home = workingDirectory()
		if err := plan.prepareLegacy(); err != nil {
			unix.Close(plan.report[1])
			return 0, err
		}
		defer unix.Close(plan.gate[0])
	}
	pid, errno := forkBlocked(plan)
	if errno != 0 {
		unix.Close(plan.report[1])
		return 0, forkError(errno)
	}
	if c.Heir {
		closeUnlisted()
		if s.home == "" {
			s.home = home
		}
	}
	if plan.errno != 0 {
		reapUnheard(int(pid), 0)
		return 0, plan.failure(c)
	}
	return proc.PID(pid), nil
}

// prepareLegacy prepares for an heir: a pipe at which the child
// waits, and the list of the descriptors that we close meanwhile.
func (p *plan) prepareLegacy() error {
	if err := unix.Pipe2(p.gate[:], unix.O_CLOEXEC); err != nil {
		return &proc.SpawnError{Stage: "pipe2", Err: err, Passing: true}
	}
	p.legacy = inheritedDescriptors()
	return nil
}

// workingDirectory returns our working directory, "" if it has no name.
func workingDirectory() string {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Getcwd(buffer)
	if err != nil || buffer[0] != '/' { // "(unreachable)"
		return ""
	}
	return string(buffer[:n-1])
}

// giveOutput makes the child's user the owner of the child's output pipes and of its own
// terminal. A program that opens /dev/stdout (in many images log files are links to it)
// opens the pipe again (proc_pid_fd(5)), and the kernel checks the pipe's owner and mode
// as if it were a file. The container's own descriptors keep their owner.
// A failure does not prevent the start.
func giveOutput(c *proc.Command) {
	if c.Credential == nil {
		return
	}
	for _, fd := range c.Files[1:] {
		var stat unix.Stat_t
		if fd > 2 && unix.Fstat(fd, &stat) == nil && (stat.Mode&unix.S_IFMT == unix.S_IFIFO || c.TakeTerminal && fd == c.Foreground) {
			_ = unix.Fchown(fd, c.Credential.UID, c.Credential.GID)
		}
	}
}

// spawning is held during a start: only one child at a time may use childStack, and no other child may
// inherit the writing end of its report.
var spawning sync.Mutex

func forkError(errno syscall.Errno) error {
	failed := &proc.SpawnError{Stage: "fork", Err: errno, Passing: errno == unix.EAGAIN || errno == unix.ENOMEM}
	switch errno {
	case unix.EAGAIN:
		failed.Mend = "the pids limit of the container, the process limit of the user or kernel.pid_max is reached"
	case unix.ENOMEM:
		failed.Mend = "no memory, or the first process of this PID namespace has ended"
	}
	return failed
}

// failure turns what the child left in the plan into words.
func (p *plan) failure(c *proc.Command) error {
	failed := &proc.SpawnError{Stage: stageNames[p.stage], Err: p.errno}
	switch p.stage {
	case stageExec:
		failed.Path = c.Argv[0]
		failed.Mend = execMend(c, p.errno)
		failed.NotFound = p.errno == unix.ENOENT || p.errno == unix.ENOTDIR
		failed.Passing = p.errno == unix.ETXTBSY || p.errno == unix.EAGAIN || p.errno == unix.ENOMEM || p.errno == unix.ENFILE || p.errno == unix.EMFILE
		if p.errno == unix.EAGAIN && failed.Mend == "" {
			failed.Mend = "this user has more processes than its limit nproc allows"
		}
		if failed.Passing && len(p.legacy) > 0 {
			failed.Passing = false
			failed.Mend = "it is not tried again, because its inherited descriptors are closed by now"
		}
	case stageChdir:
		failed.Path = c.Dir
	case stageNull:
		failed.Path = "/dev/null"
	default:
		p.explain(c, failed)
	}
	return failed
}

// execMend describes what is wrong with the first file that was tried and
// exists.
func execMend(c *proc.Command, errno syscall.Errno) string {
	lookedUp := !strings.Contains(c.Argv[0], "/")
	for _, file := range located(c) {
		info, err := os.Stat(file)
		if err != nil {
			continue
		}
		mend := fileMend(info, errno)
		if errno == unix.ENOENT && interpreterEndsInCR(file, info) {
			mend = "its first line ends with CR and LF, so the name of its interpreter ends with CR; save it with LF line ends"
		}
		if mend != "" && lookedUp {
			return file + ": " + mend
		} else if mend != "" {
			return mend
		}
	}
	words := strings.Fields(c.Argv[0])
	switch {
	case errno == unix.ENOENT && len(c.Argv) == 1 && len(words) > 1:
		return "a list has one item per word: " + strings.ReplaceAll(fmt.Sprintf("%q", words), `" "`, `", "`)
	case lookedUp && errno == unix.ENOENT:
		return "not found in PATH=" + pathOf(c.Env)
	case lookedUp && errno == unix.EACCES:
		return "this user has no permission for a directory of PATH, or for the file in it"
	}
	return ""
}

func fileMend(info os.FileInfo, errno syscall.Errno) string {
	switch {
	case errno == unix.ENOENT:
		return "the file exists, but its interpreter (the #! line, or the dynamic loader) does not"
	case errno == unix.EACCES && info.IsDir():
		return "it is a directory"
	case errno == unix.EACCES && info.Mode()&0o111 == 0o111:
		return "the mode of the file is right; check the directories above it, its interpreter, and whether the file system is mounted with noexec"
	case errno == unix.EACCES:
		return fmt.Sprintf("file mode is %04o, try chmod +x", info.Mode().Perm())
	case errno == unix.ENOEXEC:
		return "the file is empty, or made for another kind of machine"
	}
	return ""
}

// newPlan prepares everything that the child needs, so that the child does not
// allocate.
func newPlan(c *proc.Command) (*plan, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return nil, &proc.SpawnError{Stage: stageNames[stageExec], Err: unix.ENOENT, Mend: "the command is empty", NotFound: true}
	}
	p := &plan{command: c, foreground: c.Foreground, mask: c.Mask, gate: [2]int{-1, -1}, root: -1}
	var err error
	if p.argv, err = syscall.SlicePtrFromStrings(c.Argv); err != nil {
		return nil, &proc.SpawnError{Stage: "exec", Path: c.Argv[0], Err: err, Mend: "an argument contains a NUL byte"}
	}
	if p.env, err = p.environment(c.Env); err != nil {
		return nil, &proc.SpawnError{Stage: "exec", Path: c.Argv[0], Err: err, Mend: "the environment contains a NUL byte"}
	}
	if err := p.findPaths(c); err != nil {
		return nil, &proc.SpawnError{Stage: "exec", Path: c.Argv[0], Err: err, Mend: "PATH contains a NUL byte"}
	}
	if c.Dir != "" {
		if p.dir, err = syscall.BytePtrFromString(c.Dir); err != nil {
			return nil, &proc.SpawnError{Stage: "chdir", Path: c.Dir, Err: err}
		}
	}
	if c.Credential != nil {
		p.credential = true
		p.uid, p.gid = c.Credential.UID, c.Credential.GID
		for _, g := range c.Credential.Groups {
			p.groups = append(p.groups, uint32(g))
		}
		ours, err := os.Getgroups()
		p.keepGroups = err == nil && users.SameGroups(ours, c.Credential.Groups, -1)
	}
	for i, fd := range c.Files {
		p.files[i] = int32(fd)
	}
	p.preparePassed(c)
	if err := p.prepareRights(c); err != nil {
		return nil, err
	}
	p.nofile = entry.InheritedNofile()
	caught, uncaught := signals.Caught()
	p.uncaught, p.clear = uncaught, caught && !withoutClone3
	return p, nil
}

// candidates lists the files to try in turn: the command itself if it has a
// slash, otherwise one for each directory of PATH (execvp(3)).
func candidates(c *proc.Command) []string {
	name := c.Argv[0]
	if strings.Contains(name, "/") {
		return []string{name}
	}
	var files, tooLong []string
	for _, dir := range strings.Split(pathOf(c.Env), ":") {
		if dir == "" {
			dir = "." // execvp(3): an empty prefix is the current directory
		}
		if file := dir + "/" + name; len(file) < unix.PathMax {
			files = append(files, file)
		} else {
			tooLong = append(tooLong, file) // must not hide the others
		}
	}
	if len(files) == 0 {
		return tooLong
	}
	return files
}

// findPaths puts the files to try into the plan.
func (p *plan) findPaths(c *proc.Command) error {
	for _, candidate := range candidates(c) {
		path, err := syscall.BytePtrFromString(candidate)
		if err != nil {
			return err
		}
		p.paths = append(p.paths, path)
	}
	// For a script without #!: /bin/sh, the file, the arguments.
	p.shell, _ = syscall.BytePtrFromString("/bin/sh")
	p.shellArgv = append([]*byte{p.shell, nil}, p.argv[1:]...)
	return nil
}

func pathOf(env []string) string {
	for _, entry := range env { // the first one counts, as in getenv(3)
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			return path
		}
	}
	return DefaultPath
}

// environment makes the environment block. If LISTEN_PID has our number, it must
// have the child's instead (sd_listen_fds(3)); the child writes it
// over the zeros.
func (p *plan) environment(env []string) ([]*byte, error) {
	block, err := syscall.SlicePtrFromStrings(env)
	if err != nil {
		return nil, err
	}
	ours := "LISTEN_PID=" + strconv.Itoa(os.Getpid())
	for i, entry := range env {
		if entry == ours {
			p.listenPID = []byte("LISTEN_PID=0000000000\x00")
			block[i] = &p.listenPID[0]
		}
	}
	return block, nil
}
