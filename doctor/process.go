package doctor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/kernel"
	"sexton/kernel/users"
	"sexton/proc"
	"sexton/service"
)

// process looks at which process reaps orphans here, and at what the kernel offers.
func (e *examination) process() {
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		e.kernel(unix.ByteSliceToString(name.Release[:]))
	}
	if os.Getpid() == 1 {
		e.add("PID 1", Verified, "this is the first process: it gets every orphan, and the container ends with it", "")
		return
	}
	first := "PID 1 is another process"
	if comm := strings.TrimSpace(e.read("/proc/1/comm")); comm != "" {
		first = fmt.Sprintf("PID 1 is %q", comm)
	}
	k := &kernel.Linux{}
	if err := k.AdoptOrphans(); err != nil || !k.AdoptsOrphans() {
		e.addf("PID 1", Failed, "make sexton PID 1, or allow prctl(2) in the seccomp profile", "%s, and sexton cannot be a subreaper (%v): orphans go to PID 1", first, err)
		return
	}
	e.addf("PID 1", Verified, "", "%s; sexton (pid %d) is a subreaper here: it gets the orphans among its own descendants", first, os.Getpid())
}

func (e *examination) kernel(release string) {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		e.addf("kernel", Note, "use Linux 5.3 or later, and a seccomp profile that allows pidfd_open",
			"%s without pidfds (%v): sexton finds the rest of a group in /proc instead", release, err)
		return
	}
	unix.Close(fd)
	e.add("kernel", Verified, release+", with pidfds", "")
}

func (e *examination) user() {
	uid, gid := os.Geteuid(), os.Getegid()
	who := fmt.Sprintf("UID %d, GID %d", uid, gid)
	user, err := users.Lookup(fmt.Sprint(uid), gid)
	switch {
	case err == nil && user.Name != "":
		e.addf("user", Verified, "", "%s: %s, home %s", who, user.Name, user.Home)
	default:
		e.addf("user", Verified, "set HOME, USER and LOGNAME in env for programs that need a name or a home",
			"%s without an entry in /etc/passwd; sexton needs none", who)
	}
	e.mappedUsers()
	e.rights()
	if uid != 0 {
		e.add("other users", e.ifUsers(), "services cannot run as another user: sexton is not root", "start the container as root, or leave user and group out of the file")
	}
}

// ifUsers is the verdict on something that only services with a user need: a failure if the
// file has one, otherwise a note.
func (e *examination) ifUsers() Verdict {
	if e.Plan != nil && slices.ContainsFunc(e.Plan.Services, func(s service.Spec) bool { return s.User != "" || s.Group != "" || s.Groups != nil }) {
		return Failed
	}
	return Note
}

func (e *examination) capabilities() {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		e.addf("capabilities", NotTried, "", "they cannot be read: capget: %v", err)
		return
	}
	names := proc.Capabilities(uint64(data[0].Effective) | uint64(data[1].Effective)<<32).Names()
	switch text := strings.Join(names, ", "); {
	case len(names) == 0:
		e.add("capabilities", Verified, "none; sexton needs none", "")
	default:
		e.add("capabilities", Verified, text, "")
	}
	if os.Geteuid() == 0 {
		e.rootWithout(names)
	}
	if on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err == nil && on == 1 {
		e.add("new privileges", Verified, "no_new_privs is set: sudo, su and other setuid programs get no privileges", "")
	}
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err == nil && mode != 0 {
		e.addf("seccomp", Verified, "", "mode %d: a filter decides which system calls are allowed", mode)
	}
}

// rootWithout reports what root cannot do because capabilities are missing.
func (e *examination) rootWithout(names []string) {
	setuid := slices.Contains(names, "setuid") && slices.Contains(names, "setgid")
	switch {
	case !setuid:
		e.add("other users", e.ifUsers(), "services cannot run as another user: setuid and setgid are missing", "add the capabilities SETUID, SETGID and KILL, or leave user and group out of the file")
	case !slices.Contains(names, "kill"):
		e.add("other users", e.ifUsers(), "services can run as another user, but sexton cannot signal them: kill is missing", "add the capability KILL")
	default:
		e.add("other users", Verified, "services can run as another user, and sexton can signal them", "")
	}
}

func (e *examination) signals() {
	var blocked, ignored []string
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if e.Mask&s.Bit() != 0 {
			blocked = append(blocked, s.String())
		}
		if e.Ignored&s.Bit() != 0 {
			ignored = append(ignored, s.String())
		}
	}
	if len(blocked)+len(ignored) == 0 {
		e.add("signals", Verified, "none were blocked or ignored when sexton was started", "")
		return
	}
	e.addf("signals", Verified, "", "blocked when sexton was started: %s; ignored: %s. Services start without these, the one command with them", orNone(blocked), orNone(ignored))
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (e *examination) limits() {
	for _, l := range []struct {
		name  string
		which int
		few   uint64
		text  string
	}{
		{"open files", unix.RLIMIT_NOFILE, 256, "each service whose output passes through sexton needs two"},
		{"processes of the user", unix.RLIMIT_NPROC, 64, "the limit counts on the whole machine, over all containers of this UID"},
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(l.which, &limit); err != nil {
			continue
		}
		switch {
		case limit.Max == unix.RLIM_INFINITY || limit.Max > 1<<40:
			e.add(l.name, Verified, "no limit", "")
		case limit.Max < l.few:
			e.addf(l.name, Note, "raise it (docker run --ulimit)", "at most %d: %s", limit.Max, l.text)
		default:
			e.addf(l.name, Verified, "", "at most %d", limit.Max)
		}
	}
}
