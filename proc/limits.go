package proc

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Settings are the settings of a child that need no lookup. The file sets them, and the child applies them between
// fork and exec (kernel/spawn/settings.go). The zero value changes nothing.
type Settings struct {
	Dir         string // working directory, inside Chroot; "": ours at start-up, or the root of Chroot
	Session     bool   // a session of its own (setsid) instead of a process group of its own
	Umask       *Umask // nil: ours
	ParentDeath Signal // PR_SET_PDEATHSIG; 0: none

	Chroot          string        // its root directory; "": ours
	Limits          []Limit       // resource limits; those without an entry are ours
	Nice            *int          // -20 to 19; nil: ours
	IONice          *IONice       // nil: ours
	Scheduler       *Scheduler    // nil: ours
	OOMScoreAdj     *int          // -1000 to 1000; nil: ours
	Capabilities    *Capabilities // all that it may have; nil: ours, as far as its user keeps them
	NoNewPrivileges bool          // no set-user-ID program and no file capability gives it more rights
}

// Umask is the file mode creation mask (umask(2)).
type Umask uint32

func (u Umask) String() string { return fmt.Sprintf("%03o", uint32(u)) }

// Values of a limit that are no numbers.
const (
	Unlimited = ^uint64(0)     // RLIM_INFINITY
	Ours      = ^uint64(0) - 1 // the limit that we have
)

// Limit is a resource limit (getrlimit(2)). If Soft is Ours and above Hard, it becomes Hard.
type Limit struct {
	Resource   int // RLIMIT_*
	Soft, Hard uint64
}

// Resources are the names of the resource limits, by their numbers on amd64 and arm64.
var Resources = [...]string{
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
}

// LimitText writes one value of a limit as the file has it.
func LimitText(n uint64) string {
	switch n {
	case Unlimited:
		return "unlimited"
	case Ours:
		return "ours"
	}
	return strconv.FormatUint(n, 10)
}

func (l Limit) String() string {
	text := Resources[l.Resource] + " " + LimitText(l.Soft)
	if l.Soft != l.Hard {
		text += ":" + LimitText(l.Hard)
	}
	return text
}

// IONice is the priority for block devices (ioprio_set(2)).
type IONice struct {
	Class int // index of IOClasses
	Level int // 0 (first) to 7; 0 for idle
}

// IOClasses are the names of the classes, by their numbers. The kernel's class 0, none, is not ours to set.
var IOClasses = [...]string{1: "realtime", 2: "best-effort", 3: "idle"}

func (i IONice) String() string {
	if IOClasses[i.Class] == "idle" {
		return "idle"
	}
	return IOClasses[i.Class] + ":" + strconv.Itoa(i.Level)
}

// Scheduler is a policy of the kernel's scheduler (sched(7)).
type Scheduler struct {
	Policy   int // index of Policies
	Priority int // 1 to 99 for fifo and rr, 0 for the others
}

// Policies are the names of the policies, by their numbers; "": one that a service cannot have.
var Policies = [...]string{0: "other", 1: "fifo", 2: "rr", 3: "batch", 4: "", 5: "idle"}

func (s Scheduler) String() string {
	if s.Priority == 0 {
		return Policies[s.Policy]
	}
	return Policies[s.Policy] + ":" + strconv.Itoa(s.Priority)
}

// Capabilities are a set of capabilities (capabilities(7)): bit N for number N.
type Capabilities uint64

// capabilityNames are the capabilities, by their numbers, without CAP_.
var capabilityNames = [...]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace",
	"sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
}

// Numbers of the capabilities that a start may need.
const (
	CapSetGID    = 6
	CapSetUID    = 7
	CapSetPCap   = 8
	CapSysChroot = 18
	CapSysNice   = 23
	CapResource  = 24
)

// ParseCapability finds a capability by its name, with or without CAP_, in upper or lower case.
func ParseCapability(name string) (Capabilities, bool) {
	name = strings.TrimPrefix(strings.ToLower(name), "cap_")
	for i, known := range capabilityNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// CapabilityNames lists the names of all capabilities.
func CapabilityNames() []string { return capabilityNames[:] }

// Has tells whether capability number n is in the set.
func (c Capabilities) Has(n int) bool { return c&(1<<n) != 0 }

// Names lists the names, as the file has them.
func (c Capabilities) Names() (names []string) {
	for rest := uint64(c); rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); i < len(capabilityNames) {
			names = append(names, capabilityNames[i])
		} else {
			names = append(names, strconv.Itoa(i))
		}
	}
	return names
}

func (c Capabilities) String() string {
	if c == 0 {
		return "none"
	}
	return strings.Join(c.Names(), ", ")
}
