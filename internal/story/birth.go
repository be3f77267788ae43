package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// way is how this machine lets us make namespaces.
type way int

const (
	asRoot   way = iota // plainly
	asUser              // by a user namespace
	ordinary            // not at all
)

// namespaces are those that every world has of its own.
const namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC

// theWay tries the ways in turn with a program that ends at once. When none
// works, why says what the kernel said of each.
var theWay = sync.OnceValues(func() (found way, why error) {
	bin, err := Helpers()
	if err != nil {
		return ordinary, err
	}
	for _, w := range []way{asRoot, asUser} {
		if w == asRoot && os.Getuid() != 0 {
			continue
		}
		dir, err := os.MkdirTemp(filepath.Dir(bin), "probe-")
		if err != nil {
			return ordinary, err
		}
		p, err := birth(w, dir, options{uid: -1, gid: -1, stdin: "null", words: []string{bin + "/exit-with", "0"}})
		if err == nil {
			status, _ := p.process.Wait()
			p.drop()
			if status != nil && status.ExitCode() == 0 {
				return w, nil
			}
			err = fmt.Errorf("the stage ended: %v", status)
		}
		why = errors.Join(why, err)
	}
	return ordinary, why
})

// born is an init that has been started, and all that the test holds of it.
type born struct {
	process        *os.Process // the init, or its keeper
	stdout, stderr *os.File    // to read from; with a terminal both are that
	stdin          *os.File    // to write to; nil: there is none
	terminal       *os.File    // nil: there is none
	report         *os.File    // what a keeper says; nil without one
	hold           *os.File    // closing it ends a keeper
	first          string      // what a keeper said first
	cgroup         string      // to be removed
}

// drop closes what the test holds of an init that is over.
func (b *born) drop() {
	for _, file := range []*os.File{b.stdin, b.report, b.hold} {
		if file != nil {
			file.Close()
		}
	}
}

// birth starts the program of o.words, whose first is a path, in dir.
//
// It returns when the program runs in the init's stead, or says why it does
// not. The calling thread must live as long as the init: see Pdeathsig.
func birth(w way, dir string, o options) (b *born, err error) {
	s := &stage{
		World: w != ordinary, Keep: o.child && w != ordinary, Dev: filepath.Join(dir, ".dev"),
		ReadOnly: o.readOnly, Proc: o.proc, Terminal: o.tty, UID: o.uid, GID: o.gid, Dir: dir,
		Limits: o.limits, NoCaps: o.noCaps, Blocked: o.blocked, Ignored: o.ignored, Pending: o.pending, Close: o.closed,
		Argv:     o.words,
		Stranger: []string{filepath.Join(filepath.Dir(dir), "bin", "stranger")},
	}
	if err := os.MkdirAll(s.Dev, 0o755); err != nil {
		return nil, err
	}
	if o.terminationLog {
		s.TerminationLog = filepath.Join(dir, "termination-log")
		if err := errors.Join(os.WriteFile(s.TerminationLog, nil, 0o666), os.Chmod(s.TerminationLog, 0o666)); err != nil {
			return nil, err
		}
	}
	b = new(born)
	if o.pids > 0 {
		if b.cgroup, s.Cgroup, err = makePidsCgroup(o.pids); err != nil {
			return nil, err
		}
	}
	files, err := b.connect(o, s)
	if err != nil {
		return nil, err
	}
	report, said, err := pipe(0)
	if err != nil {
		return nil, err
	}
	held, hold, err := pipe(1)
	if err != nil {
		return nil, err
	}
	files = append(files, said, held)
	b.report, b.hold = report, hold
	b.process, err = s.start(o.env, files, attributes(w, o, s.Keep))
	for _, file := range files {
		file.Close()
	}
	if err != nil {
		return nil, err
	}
	return b, b.listen(s.Keep)
}

// attributes says how the stage is to be cloned.
func attributes(w way, o options, keep bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Setsid: true, Setctty: o.tty && !keep,
		// Nothing is left behind when the tests are killed.
		Pdeathsig: syscall.SIGKILL,
	}
	switch w {
	case asRoot:
		attr.Cloneflags = namespaces
	case asUser:
		// One user and one group can be shown: those that the program is
		// to have. Whoever is not root inside needs the capabilities that
		// making the world takes to survive the stage's exec.
		uid, gid := max(o.uid, 0), max(o.gid, 0)
		attr.Cloneflags = namespaces | unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: os.Getgid(), Size: 1}}
		if uid != 0 {
			attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP}
		}
	}
	return attr
}

// connect makes what descriptors 0, 1 and 2 are of the init.
func (b *born) connect(o options, s *stage) ([]*os.File, error) {
	if o.tty {
		ours, theirs, err := OpenTerminal()
		if err != nil {
			return nil, err
		}
		b.terminal, b.stdin, b.stdout = ours, ours, ours
		return []*os.File{theirs, theirs, theirs}, nil
	}
	stdin, err := os.Open("/dev/null")
	switch o.stdin {
	case "closed":
		s.Close = append(s.Close, 0)
	case "pipe":
		stdin.Close()
		stdin, b.stdin, err = pipe(1)
	}
	if err != nil {
		return nil, err
	}
	var stdout, stderr *os.File
	if b.stdout, stdout, err = pipe(0); err != nil {
		return nil, err
	}
	if b.stderr, stderr, err = pipe(0); err != nil {
		return nil, err
	}
	return []*os.File{stdin, stdout, stderr}, nil
}

// pipe is os.Pipe, but only our own end (0: the reader, 1: the writer) does not
// block: the program under test must meet what a runtime gives it.
func pipe(ours int) (reader, writer *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	if err := unix.SetNonblock(fds[ours], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer"), nil
}

// listen waits for the first thing that the stage reports: nothing and the end,
// when it has become the program; a keeper's word that it has started it; or
// what went wrong.
func (b *born) listen(keep bool) error {
	var said []byte
	buf := make([]byte, 1)
	for {
		n, err := b.report.Read(buf)
		if n == 0 || err != nil || buf[0] == '\n' {
			break
		}
		said = append(said, buf[0])
	}
	text := string(said)
	switch {
	case keep && strings.HasPrefix(text, "program "):
		b.first = text
		return nil
	case !keep && text == "":
		return nil
	}
	b.process.Kill()
	b.process.Wait()
	if _, words, failed := strings.Cut(text, "error: "); failed {
		return errors.New(words)
	}
	return fmt.Errorf("the stage of the init says %q", text)
}

// makePidsCgroup makes a cgroup in which at most n processes may live, and
// returns it with the file by which to enter.
func makePidsCgroup(n int) (dir, door string, err error) {
	parent := "/sys/fs/cgroup/pids"
	if _, err := os.Stat(parent); err != nil {
		parent = "/sys/fs/cgroup" // version 2
	}
	dir, err = os.MkdirTemp(parent, "sexton-story-")
	if err != nil {
		return "", "", errSkip{fmt.Errorf("no pids cgroup can be made: %w", err)}
	}
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), fmt.Append(nil, n), 0); err != nil {
		os.Remove(dir)
		return "", "", errSkip{fmt.Errorf("no limit of pids can be set: %w", err)}
	}
	return dir, filepath.Join(dir, "cgroup.procs"), nil
}

// noNamespaces says why a story is skipped that needs them: in one line, the same for all.
func noNamespaces(why error) errSkip {
	first, _, _ := strings.Cut(why.Error(), "\n")
	return errSkip{fmt.Errorf("no namespaces can be made here (%s)", first)}
}

// errSkip wraps the reason why a story cannot be run here.
type errSkip struct{ error }
