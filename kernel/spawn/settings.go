package spawn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A new setting of proc.Settings needs a stage, with the name that errors show, and a system call: in setAsUs, or in
// setAsUser if it must come after the change of the user. This code runs between fork and exec (see becomeCommand).

// stage is a step of the child; an error names it.
type stage int

const (
	stageDispositions stage = iota
	stageSession
	stageGroup
	stageForeground
	stageFiles
	stageNull
	stageOOM
	stageLimit
	stageNice
	stageIONice
	stageScheduler
	stageUmask
	stageBounding
	stageKeep
	stageChroot
	stageGroups
	stageGID
	stageUID
	stageCapabilities
	stageAmbient
	stageParentDeath
	stageChdir
	stageNoNew
	stagePass
	stageMask
	stageExec
)

var stageNames = [...]string{
	stageDispositions: "reset signals",
	stageSession:      "setsid",
	stageGroup:        "setpgid",
	stageForeground:   "tcsetpgrp",
	stageFiles:        "dup3",
	stageNull:         "open",
	stageOOM:          "set oom_score_adj",
	stageLimit:        "set limit",
	stageNice:         "set nice",
	stageIONice:       "set ionice",
	stageScheduler:    "set scheduler",
	stageUmask:        "umask",
	stageBounding:     "drop capability",
	stageKeep:         "keep capabilities",
	stageChroot:       "chroot",
	stageGroups:       "setgroups",
	stageGID:          "setgid",
	stageUID:          "setuid",
	stageCapabilities: "set capabilities",
	stageAmbient:      "keep capability",
	stageParentDeath:  "prctl PDEATHSIG",
	stageChdir:        "chdir",
	stageNoNew:        "set no_new_privileges",
	stagePass:         "pass descriptors",
	stageMask:         "set the signal mask",
	stageExec:         "exec",
}

// prepare does everything that the command asks for, except the exec.
//
//go:noinline
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) prepare() syscall.Errno {
	if errno := p.resetSignals(); errno != 0 {
		return errno
	}
	if errno := p.joinGroup(); errno != 0 {
		return errno
	}
	if errno := p.arrangeFiles(); errno != 0 {
		return errno
	}
	p.restoreNofile()
	if errno := p.setAsUs(); errno != 0 {
		return errno
	}
	if errno := p.becomeUser(); errno != 0 {
		return errno
	}
	if errno := p.setAsUser(); errno != 0 {
		return errno
	}
	if p.listenPID != nil {
		p.writeListenPID()
	}
	p.waitAtGate()
	if errno := p.arrangePassed(); errno != 0 {
		return errno
	}
	p.stage = stageMask
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&p.mask)), 0, 8, 0, 0)
	return errno
}

// setAsUs applies the settings that need our rights, or that do not depend on the child's user. oom_score_adj needs a
// descriptor and a path outside of the new root; nice and scheduler may need the new limits.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setAsUs() syscall.Errno {
	c := p.command
	if p.oomScoreAdj != nil {
		if errno := p.setOOMScoreAdj(); errno != 0 {
			return errno
		}
	}
	if errno := p.setLimits(); errno != 0 {
		return errno
	}
	if c.Nice != nil {
		p.stage = stageNice
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, uintptr(*c.Nice)); errno != 0 {
			return errno
		}
	}
	if c.IONice != nil {
		p.stage = stageIONice
		if _, _, errno := syscall.RawSyscall(unix.SYS_IOPRIO_SET, ioprioWhoProcess, 0, uintptr(c.IONice.Class<<13|c.IONice.Level)); errno != 0 {
			return errno
		}
	}
	if c.Scheduler != nil {
		p.stage = stageScheduler
		priority := int32(c.Scheduler.Priority) // struct sched_param
		if _, _, errno := syscall.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, uintptr(c.Scheduler.Policy), uintptr(unsafe.Pointer(&priority))); errno != 0 {
			return errno
		}
	}
	if c.Umask != nil {
		p.stage = stageUmask
		syscall.RawSyscall(unix.SYS_UMASK, uintptr(*c.Umask), 0, 0)
	}
	if c.Capabilities != nil {
		if errno := p.boundCapabilities(); errno != 0 {
			return errno
		}
	}
	if p.root >= 0 {
		p.stage = stageChroot
		if _, _, errno := syscall.RawSyscall(unix.SYS_FCHDIR, uintptr(p.root), 0, 0); errno != 0 {
			return errno
		}
		if _, _, errno := syscall.RawSyscall(unix.SYS_CHROOT, uintptr(unsafe.Pointer(&here[0])), 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}

// setAsUser applies the settings that a change of the user would undo, or that must be allowed to the child's user.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setAsUser() syscall.Errno {
	if p.command.Capabilities != nil {
		if errno := p.takeCapabilities(); errno != 0 {
			return errno
		}
	}
	if p.command.ParentDeath != 0 { // setuid clears it (prctl(2))
		p.stage = stageParentDeath
		if _, _, errno := syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(p.command.ParentDeath), 0); errno != 0 {
			return errno
		}
	}
	if p.dir != nil {
		p.stage = stageChdir
		if _, _, errno := syscall.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(p.dir)), 0, 0); errno != 0 {
			return errno
		}
	}
	if p.command.NoNewPrivileges {
		p.stage = stageNoNew
		if _, _, errno := syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}
