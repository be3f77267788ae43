package spawn

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/kernel/users"
	"sexton/paths"
	"sexton/proc"
)

// prepareRights opens the child's root directory, and refuses capabilities that we cannot give.
func (p *plan) prepareRights(c *proc.Command) error {
	if c.OOMScoreAdj != nil {
		p.oomScoreAdj = strconv.AppendInt(nil, int64(*c.OOMScoreAdj), 10)
	}
	if c.Capabilities != nil {
		if missing := *c.Capabilities &^ capabilities(); missing != 0 {
			return &proc.SpawnError{Stage: "keep capability", Path: strings.Join(missing.Names(), ","), Err: unix.EPERM, Mend: lacking(missing, "capabilities")}
		}
	}
	if c.Chroot != "" {
		place, err := paths.Directory(c.Chroot)
		if err != nil {
			return &proc.SpawnError{Stage: "chroot", Path: c.Chroot, Err: err}
		}
		p.root = place.Dir
	}
	return nil
}

// release closes what the plan holds.
func (p *plan) release() {
	if p.root >= 0 {
		_ = unix.Close(p.root)
	}
}

// capabilities are those that we have.
func capabilities() proc.Capabilities {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil {
		return 0
	}
	return proc.Capabilities(uint64(sets[1].Permitted)<<32 | uint64(sets[0].Permitted))
}

// lacking describes why a key cannot work without certain capabilities.
func lacking(needed proc.Capabilities, key string) string {
	switch us := os.Geteuid(); {
	case us != 0:
		return fmt.Sprintf("sexton runs as UID %d: remove %s, or run the container as root", us, key)
	case needed&^capabilities() != 0:
		var adds []string
		for _, name := range needed.Names() {
			adds = append(adds, "--cap-add "+strings.ToUpper(name))
		}
		return fmt.Sprintf("the container does not have this capability: start it with %s, or remove %s", strings.Join(adds, " "), key)
	}
	return "the container has the capability for it: a seccomp profile, a security module or its user namespace forbids it"
}

// explain says in words what a failed step was about, and how to fix it.
func (p *plan) explain(c *proc.Command, failed *proc.SpawnError) {
	denied := p.errno == unix.EPERM || p.errno == unix.EACCES
	switch p.stage {
	case stageGroups, stageGID, stageUID:
		p.explainUser(c, failed)
	case stageLimit:
		explainLimit(c.Limits[p.detail], failed)
	case stageOOM:
		p.explainScore(failed)
	case stageNice:
		if failed.Path = strconv.Itoa(*c.Nice); denied {
			ours, _ := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 minus the value
			failed.Mend = fmt.Sprintf("a value below %d needs a capability; write %d or more, or start the container with --cap-add SYS_NICE", 20-ours, 20-ours)
		}
	case stageIONice:
		if failed.Path = c.IONice.String(); denied {
			failed.Mend = "the class realtime needs a capability; write best-effort, or start the container with --cap-add SYS_NICE"
		}
	case stageScheduler:
		failed.Path = c.Scheduler.String()
		if denied && capabilities().Has(proc.CapSysNice) {
			failed.Mend = "the container has the capability for it: its cgroup has no real-time share (cpu.rt_runtime_us), or the host forbids it"
		} else if denied {
			failed.Mend = "a real-time policy needs a capability; write batch or other, or start the container with --cap-add SYS_NICE"
		}
	case stageBounding:
		failed.Path = proc.Capabilities(1 << p.detail).String()
		failed.Mend = "removing a capability for good needs the capability SETPCAP; add no_new_privileges = true, which does not, or start the container with --cap-add SETPCAP"
	case stageAmbient:
		failed.Path = proc.Capabilities(1 << p.detail).String()
		failed.Mend = "the securebits of the container forbid ambient capabilities, or the kernel is older than 4.3"
	case stageCapabilities:
		failed.Path = c.Capabilities.String()
	case stageChroot:
		if failed.Path = c.Chroot; denied {
			failed.Mend = lacking(1<<proc.CapSysChroot, "chroot")
		}
	}
}

// explainUser is for the three steps that change the user and its groups.
func (p *plan) explainUser(c *proc.Command, failed *proc.SpawnError) {
	needed, key := proc.Capabilities(1<<proc.CapSetGID), "groups"
	switch p.stage {
	case stageGroups:
		var numbers []string
		for _, gid := range p.groups {
			numbers = append(numbers, strconv.FormatUint(uint64(gid), 10))
		}
		if failed.Path = strings.Join(numbers, ","); failed.Path == "" {
			failed.Path = "none"
		}
	case stageGID:
		failed.Path, key = strconv.Itoa(p.gid), "user and group"
	case stageUID:
		failed.Path, needed, key = strconv.Itoa(p.uid), 1<<proc.CapSetUID, "user"
	}
	if failed.Mend = users.IDFault(c.Credential); failed.Mend == "" {
		failed.Mend = lacking(needed, key)
	}
}

func explainLimit(limit proc.Limit, failed *proc.SpawnError) {
	name, value, _ := strings.Cut(limit.String(), " ")
	failed.Stage, failed.Path = failed.Stage+" "+name, value
	var ours unix.Rlimit
	if unix.Getrlimit(limit.Resource, &ours) != nil {
		return
	}
	most := proc.LimitText(ours.Max)
	switch {
	case failed.Err == unix.EINVAL:
		failed.Mend = fmt.Sprintf("the soft limit is above the hard limit, which is %s here: set hard too", most)
	case failed.Err != unix.EPERM:
	case limit.Resource == unix.RLIMIT_NOFILE && capabilities().Has(proc.CapResource):
		failed.Mend = "the kernel allows at most " + strings.TrimSpace(procfs.ReadSmall("/proc/sys/fs/nr_open")) + " (fs.nr_open)"
	default:
		want := limit.Hard
		if want == proc.Ours {
			want = limit.Soft
		}
		ulimit := strings.Replace(proc.LimitText(want), "unlimited", "-1", 1)
		failed.Mend = fmt.Sprintf("the hard limit is %s here, and raising it needs the capability SYS_RESOURCE; write at most %s, or start the container with --ulimit %s=%s",
			most, most, name, ulimit)
	}
}

func (p *plan) explainScore(failed *proc.SpawnError) {
	failed.Path = string(p.oomScoreAdj)
	switch failed.Err {
	case unix.EACCES, unix.EPERM:
		ours := strings.TrimSpace(procfs.ReadSmall("/proc/self/oom_score_adj"))
		failed.Mend = fmt.Sprintf("a value below %s needs the capability SYS_RESOURCE; write %s or more, or start the container with --cap-add SYS_RESOURCE", ours, ours)
	case unix.ENOENT, unix.EROFS:
		failed.Mend = "it is set by /proc/self/oom_score_adj: mount /proc, and writable"
	}
}

// inRoot is a path as we see it, of a child that has another root.
func inRoot(c *proc.Command, files []string) []string {
	if c.Chroot == "" {
		return files
	}
	files = slices.Clone(files)
	for i, file := range files {
		files[i] = c.Chroot + "/" + file
	}
	return files
}
