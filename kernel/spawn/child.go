package spawn

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/entry"
	"sexton/proc"
)

// plan holds everything that the child needs between fork and exec, in the kernel's own
// types. Parent and child share memory until the exec, and during that time the plan belongs to
// the child.
type plan struct {
	command *proc.Command

	paths     []*byte // files to try in turn
	argv, env []*byte // each ends with nil
	shell     *byte
	shellArgv []*byte
	listenPID []byte // the LISTEN_PID entry of env, to be filled in; nil: none
	dir       *byte

	root        int    // an open directory, the child's new root; -1: none
	oomScoreAdj []byte // its text; nil: none

	files      [3]int32
	passed     []passed
	above      int32 // the least number that none of them gets; 0: there are none
	foreground int
	credential bool
	uid, gid   int
	groups     []uint32
	keepGroups bool // they are ours already, and need not be set: it may be forbidden
	mask       uint64
	nofile     unix.Rlimit // what we were started with; Max is 0 where that is not known
	uncaught   uint64      // signals that Catch could not catch, as bits
	before     uint64      // our own mask
	gate       [2]int      // a pipe whose end the child waits for before its exec; -1: it does not wait
	legacy     []int32     // descriptors that we close before that
	clear      bool        // every signal is caught, and default in the child by clone3

	// The child writes stage and errno if it failed, and sends them through a pipe; a successful exec
	// closes the pipe with nothing in it. (The parent must not read these fields directly:
	// under an emulator such as qemu-user the two do not share memory.)
	stage  stage
	errno  syscall.Errno
	detail int32 // of stageLimit, an index; of a capability, its number
	words  [3]int64
	report [2]int

	movedReport int // where the child's end is now; 0: it is report[1]
}

var devNull = [...]byte{'/', 'd', 'e', 'v', '/', 'n', 'u', 'l', 'l', 0}

// becomeCommand is everything that the child does, on childStack. Nothing here may grow the
// stack, allocate, or be instrumented.
//
//lint:ignore U1000 fork_*.s calls it
//go:norace
//go:nosplit
//go:nocheckptr
func becomeCommand(p *plan) {
	if errno := p.prepare(); errno != 0 {
		p.errno = errno
	} else {
		p.stage, p.errno = stageExec, p.exec()
	}
	p.words[0], p.words[1], p.words[2] = int64(p.stage), int64(p.errno), int64(p.detail)
	to := p.report[1]
	if p.movedReport != 0 {
		to = p.movedReport
	}
	syscall.RawSyscall(unix.SYS_WRITE, uintptr(to), uintptr(unsafe.Pointer(&p.words)), unsafe.Sizeof(p.words))
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 127, 0, 0)
		syscall.RawSyscall(unix.SYS_EXIT, 127, 0, 0) // where exit_group is refused (seccomp)
	}
}

// waitAtGate waits until the parent has given up everything that only this child gets. Then the parent closes its end of
// the pipe.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) waitAtGate() {
	if p.gate[0] < 0 {
		return
	}
	var end byte
	syscall.RawSyscall(unix.SYS_CLOSE, uintptr(p.gate[1]), 0, 0)
	syscall.RawSyscall(unix.SYS_READ, uintptr(p.gate[0]), uintptr(unsafe.Pointer(&end)), 1)
}

// resetSignals gives every signal its default disposition, or ignores it.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) resetSignals() syscall.Errno {
	p.stage = stageDispositions
	var set entry.Action
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if s == proc.KILL || s == proc.STOP || p.uncaught&(1<<(s-1)) != 0 {
			continue
		}
		set.Handler = entry.SigDefault
		if p.command.Ignore&(1<<(s-1)) != 0 {
			set.Handler = entry.SigIgnore
		} else if p.clear {
			continue
		}
		if errno := entry.Sigaction(s, &set, nil); errno != 0 {
			return errno
		}
	}
	return 0
}

// joinGroup puts the child into a process group or session of its own, unless it
// stays in ours, and into the foreground of the terminal. All signals are blocked, including TTOU, so
// a background process may do that too (tcsetpgrp(3)).
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) joinGroup() syscall.Errno {
	switch {
	case p.command.OurGroup:
	case p.command.Session:
		p.stage = stageSession
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETSID, 0, 0, 0); errno != 0 {
			return errno
		}
	default:
		p.stage = stageGroup
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETPGID, 0, 0, 0); errno != 0 {
			return errno
		}
	}
	if p.foreground < 0 {
		return 0
	}
	if p.command.TakeTerminal { // by now the terminal may belong to another session, or be gone
		if _, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(p.foreground), unix.TIOCSCTTY, 0); errno != 0 {
			return 0
		}
	}
	p.stage = stageForeground
	pid, _, _ := syscall.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	group := int32(pid)
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(p.foreground), unix.TIOCSPGRP, uintptr(unsafe.Pointer(&group)))
	if errno == unix.ENOTTY || errno == unix.EIO {
		errno = 0 // the terminal has hung up
	}
	return errno
}

// arrangeFiles makes files the descriptors 0, 1 and 2. A file that has one of these numbers, but not
// the right one, moves out of the way first.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) arrangeFiles() syscall.Errno {
	p.stage = stageFiles
	for i := range p.files {
		if fd := p.files[i]; fd >= 0 && fd < 3 && int(fd) != i {
			moved, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
			if errno != 0 {
				return errno
			}
			for j := range p.files {
				if p.files[j] == fd && j != int(fd) {
					p.files[j] = int32(moved)
				}
			}
		}
	}
	for i := range p.files {
		fd := p.files[i]
		switch {
		case fd < 0:
			p.stage = stageNull
			null, _, errno := syscall.RawSyscall6(unix.SYS_OPENAT, ^uintptr(99), uintptr(unsafe.Pointer(&devNull[0])), unix.O_RDWR|unix.O_CLOEXEC, 0, 0, 0)
			if errno != 0 {
				return errno
			}
			p.stage = stageFiles
			if int(null) == i {
				syscall.RawSyscall(unix.SYS_FCNTL, null, unix.F_SETFD, 0)
			} else if _, _, errno := syscall.RawSyscall(unix.SYS_DUP3, null, uintptr(i), 0); errno != 0 {
				return errno
			}
		case int(fd) == i:
			if _, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFD, 0); errno != 0 && errno != unix.EBADF {
				return errno
			}
		default:
			if _, _, errno := syscall.RawSyscall(unix.SYS_DUP3, uintptr(fd), uintptr(i), 0); errno != 0 {
				return errno
			}
		}
	}
	return 0
}

// restoreNofile restores the soft limit of open files, which Go's runtime has raised
// for itself, if that is allowed.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) restoreNofile() {
	if p.nofile.Max == 0 {
		return
	}
	var limit unix.Rlimit
	_, _, errno := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno == 0 {
		limit.Cur = min(p.nofile.Cur, limit.Max) // it may have been lowered (prlimit(1))
		syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	}
}

// becomeUser changes groups, group and user, in the only order that works.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) becomeUser() syscall.Errno {
	if !p.credential {
		return 0
	}
	p.stage = stageGroups
	var first uintptr
	if len(p.groups) > 0 {
		first = uintptr(unsafe.Pointer(&p.groups[0]))
	}
	if !p.keepGroups {
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(p.groups)), first, 0); errno != 0 {
			return errno
		}
	}
	p.stage = stageGID
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETGID, uintptr(p.gid), 0, 0); errno != 0 {
		return errno
	}
	p.stage = stageUID
	_, _, errno := syscall.RawSyscall(unix.SYS_SETUID, uintptr(p.uid), 0, 0)
	return errno
}

// writeListenPID writes the child's own number behind "LISTEN_PID=".
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) writeListenPID() {
	pid, _, _ := syscall.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	at := len("LISTEN_PID=")
	digits := 1
	for rest := pid / 10; rest > 0; rest /= 10 {
		digits++
	}
	p.listenPID[at+digits] = 0
	for i := digits - 1; i >= 0; i-- {
		p.listenPID[at+i] = byte('0' + pid%10)
		pid /= 10
	}
}

// exec tries the candidates in turn, as execvp(3) does: it goes on after a
// file that does not exist, remembers one that must not be executed, and gives a file
// in an unknown format to the shell. It returns only on failure.
//
//go:norace
//go:nosplit
//go:nocheckptr
func (p *plan) exec() syscall.Errno {
	var denied, errno syscall.Errno
	for i := range p.paths {
		path := p.paths[i]
		_, _, errno = syscall.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
			uintptr(unsafe.Pointer(&p.argv[0])), uintptr(unsafe.Pointer(&p.env[0])))
		switch errno {
		case unix.ENOEXEC:
			// Stored as a number: storing a pointer could call the garbage collector's write
			// barrier. p.paths keeps the memory alive.
			*(*uintptr)(unsafe.Pointer(&p.shellArgv[1])) = uintptr(unsafe.Pointer(path))
			_, _, errno = syscall.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(p.shell)),
				uintptr(unsafe.Pointer(&p.shellArgv[0])), uintptr(unsafe.Pointer(&p.env[0])))
			if errno == unix.ENOENT {
				return unix.ENOEXEC // there is no shell: report what is wrong with the file
			}
			return errno
		case unix.EACCES:
			denied = errno
		case unix.ENOENT, unix.ENOTDIR, unix.ESTALE, unix.ENODEV, unix.ETIMEDOUT:
		default:
			return errno
		}
	}
	if denied != 0 {
		return denied
	}
	return errno
}
