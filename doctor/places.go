package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/control"
	"sexton/paths"
	"sexton/service"
	"sexton/verbs"
)

// read returns the text of a small file, or "" if it cannot be read.
func (e *examination) read(path string) string {
	text, err := os.ReadFile(e.Root + path)
	if err != nil {
		return ""
	}
	return string(text)
}

// places looks for directories that can be written to.
func (e *examination) places() {
	for _, p := range []struct{ dir, what, mend string }{
		{"/", "", ""},
		{"/run", "pid files and sockets", "mount a tmpfs: docker run --tmpfs /run, an emptyDir with medium: Memory"},
		{"/tmp", "temporary files of most programs", "mount a tmpfs or an emptyDir"},
		{"/dev/shm", "shared memory, and the control socket if /run cannot be written to", "mount an emptyDir with medium: Memory"},
		{"/var/log", "log files; output on stdout does not need it", ""},
	} {
		err := e.tryWrite(p.dir)
		switch {
		case err == nil:
			e.add("write "+p.dir, Verified, "it can be written to", "")
		case p.dir == "/":
			e.addf("write /", Verified, "", "the root file system cannot be written to (%v), which is good; sexton does not need to", err)
		default:
			e.addf("write "+p.dir, Note, p.mend, "%v: %s", err, p.what)
		}
	}
	e.controlSocket()
}

// tryWrite creates a file and removes it.
func (e *examination) tryWrite(dir string) error {
	name := fmt.Sprintf("%s%s/.sexton-doctor-%d", e.Root, dir, os.Getpid())
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	unix.Close(fd)
	return os.Remove(name)
}

func (e *examination) controlSocket() {
	c := service.Control{Mode: 0o600}
	if e.Plan != nil {
		c = e.Plan.Control
	}
	if c.Off {
		e.add("control socket", NotTried, `the file says "off": status and health do not work`, "")
		return
	}
	path := e.Root + control.UsualSocket
	if c.Socket != "" {
		path = e.Root + c.Socket
	}
	places := control.Sockets(path)
	if e.Root != "" {
		places = []string{path} // the other places belong to the host
	}
	reply, nobody := control.Ask(places, verbs.Request{Verb: verbs.StatusVerb}, time.Second)
	switch {
	case nobody == nil && reply.Status != nil:
		e.addf("control socket", Verified, "", "this container's sexton answers (pid %d)", reply.Status.PID)
		return
	case !errors.Is(nobody, control.ErrNobody):
		e.addf("control socket", Failed, "", "this container's sexton: %v", nobody)
		return
	}
	if c.Socket == "" && e.Root == "" {
		path = ""
	}
	server, note, err := control.Open(path, fs.FileMode(c.Mode))
	if err != nil {
		e.addf("control socket", Failed, "mount a tmpfs at /run or /dev/shm, or give [control] socket a path that can be written to",
			"status, health, why and shutdown do not work: %s", strings.ReplaceAll(strings.ReplaceAll(err.Error(), "\n", "; "), e.Root, ""))
		return
	}
	defer server.Close()
	text := "it can be created at " + strings.TrimPrefix(server.Path(), e.Root)
	for _, more := range []string{note, notNothing(nobody)} {
		if more != "" {
			text += "; " + more
		}
	}
	e.add("control socket", Verified, text, "")
}

// notNothing says what a client found instead of a socket of ours, or "" if there was nothing.
func notNothing(err error) string {
	if errors.Is(err, control.ErrNothing) {
		return ""
	}
	return err.Error()
}

// files looks at what the runtime mounts and creates for us.
func (e *examination) files() {
	e.procfs()
	e.terminationLog()
	if fd, err := unix.Open(e.Root+"/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		e.addf("/dev/null", Failed, "mount a /dev, as every runtime does", "%v: services get a closed stdin instead", err)
	} else {
		unix.Close(fd)
		e.add("/dev/null", Verified, "it exists: services get it as stdin", "")
	}
	if err := unix.Access(e.Root+"/bin/sh", unix.X_OK); err != nil {
		verdict := Note
		if e.Plan != nil && slices.ContainsFunc(e.Plan.Services, usesShell) {
			verdict = Failed
		}
		e.addf("/bin/sh", verdict, `write commands as lists: ["program", "argument"]`, "%v: commands that are strings, and scripts, cannot run", err)
	} else {
		e.add("/bin/sh", Verified, "it exists: commands can be strings", "")
	}
}

// usesShell tells whether a service needs /bin/sh, because a command is a string.
func usesShell(s service.Spec) bool {
	first := func(argv []string) bool { return len(argv) > 0 && argv[0] == "/bin/sh" }
	return first(s.Command) || first(s.Ready.Command)
}

func (e *examination) procfs() {
	if e.read("/proc/self/stat") == "" {
		e.add("/proc", Failed, "it is not mounted: sexton finds processes that leave their group only if it is PID 1, knows no memory and no names, "+
			"and on kernels before 6.9 does not wait for the rest of a group", "mount it, as every runtime does by default")
		return
	}
	if self, err := os.Readlink(e.Root + "/proc/self"); err == nil && self != strconv.Itoa(os.Getpid()) {
		e.add("/proc", Failed, "it shows another PID namespace, so sexton cannot use it: it finds processes that leave their group only if it is PID 1, "+
			"and knows no memory and no names", "mount one for this namespace (mount -t proc proc /proc, unshare --mount-proc)")
		return
	}
	for line := range strings.Lines(e.read("/proc/self/mountinfo")) {
		fields := strings.Fields(line)
		if len(fields) > 4 && fields[4] == "/proc" && strings.Contains(line, "hidepid=") && !strings.Contains(line, "hidepid=0") && !strings.Contains(line, "hidepid=off") {
			if os.Geteuid() == 0 {
				break
			}
			e.add("/proc", Note, "it hides the processes of other users (hidepid)", "run as root, or put this group into the mount option gid=")
			return
		}
	}
	e.add("/proc", Verified, "it is mounted and shows processes", "")
}

func (e *examination) terminationLog() {
	path := service.DefaultTerminationLog
	if e.Plan != nil {
		path = e.Plan.Init.TerminationLog
	}
	const topic = "termination log"
	if path == "" {
		e.add(topic, NotTried, "the file turns it off", "")
		return
	}
	fd := -1
	place, err := paths.Find(e.Root + path)
	if err == nil {
		defer place.Close()
		fd, _, err = place.Open(unix.O_WRONLY)
	}
	switch {
	case err == nil:
		unix.Close(fd)
		e.add(topic, Verified, path+" can be written to: sexton will write the reason of the end there", "")
	case err == unix.ENOENT:
		e.add(topic, NotTried, path+" does not exist: Kubernetes creates it, Docker and sexton do not", "")
	default:
		e.addf(topic, Failed, "check terminationMessagePath, and what is mounted there", "%s: %v: the reason of the end will only be in the log", path, err)
	}
}
