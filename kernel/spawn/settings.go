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
	stageUmask
	stageGroups
	stageGID
	stageUID
	stageParentDeath
	stageChdir
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
	stageUmask:        "umask",
	stageGroups:       "setgroups",
	stageGID:          "setgid",
	stageUID:          "setuid",
	stageParentDeath:  "prctl PDEATHSIG",
	stageChdir:        "chdir",
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
	p.stage = stageMask
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&p.mask)), 0, 8, 0, 0)
	return errno
}

// setAsUs applies the settings that need our rights, or that do not depend on the child's user.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setAsUs() syscall.Errno {
	if p.command.Umask != nil {
		p.stage = stageUmask
		syscall.RawSyscall(unix.SYS_UMASK, uintptr(*p.command.Umask), 0, 0)
	}
	return 0
}

// setAsUser applies the settings that a change of the user would undo, or that must be allowed to the child's user.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) setAsUser() syscall.Errno {
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
	return 0
}
