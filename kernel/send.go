package kernel

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// Signal sends sig to the process pid, or to the process group that pid leads.
// The caller guarantees that the number still belongs to the intended process: a child, alive
// or a zombie. If the target is gone, the error wraps
// unix.ESRCH.
func (*Linux) Signal(pid proc.PID, scope proc.Scope, sig proc.Signal) error {
	target := int(pid)
	if scope == proc.Group {
		target = -target
	}
	if target == 0 || target == -1 {
		return fmt.Errorf("internal error: signal %v to process number %d", sig, target)
	}
	err := unix.Kill(target, unix.Signal(sig))
	if err == unix.ESRCH && scope == proc.Group {
		err = unix.Kill(int(pid), unix.Signal(sig)) // it leads no group any more
	}
	if err != nil {
		return fmt.Errorf("signal %v to %s %d: kill: %w", sig, scope, pid, err)
	}
	return nil
}

// Queue sends sig with a value, as sigqueue(3) does. A group can get such a signal only
// by a pidfd (PIDFD_SIGNAL_PROCESS_GROUP, since Linux 6.9); on
// an older kernel we send it to each member of the group. If the queue is
// full, the error wraps proc.ErrQueueFull.
func (k *Linux) Queue(pid proc.PID, scope proc.Scope, sig proc.Signal, value uint64) error {
	info := queueInfo(sig, value)
	if scope == proc.Single {
		return queueOne(pid, sig, info)
	}
	fd, err := unix.PidfdOpen(int(pid), 0)
	if err == nil {
		defer unix.Close(fd)
		err = unix.PidfdSendSignal(fd, unix.Signal(sig), (*unix.Siginfo)(unsafe.Pointer(info)), pidfdProcessGroup)
	}
	switch errnoOf(err) {
	case 0, unix.EAGAIN:
		return queueError(pid, sig, err)
	case unix.ESRCH:
		return queueOne(pid, sig, info) // it leads no group any more
	}
	first := queueOne(pid, sig, info)
	for member := range procfs.Processes() {
		if s, ok := procfs.StatOf(member); ok && s.Group == pid && member != pid {
			_ = queueOne(member, sig, info) // it may be gone by now
		}
	}
	return first
}

// pidfdProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP (include/uapi/linux/pidfd.h).
const pidfdProcessGroup = 1 << 2

func queueInfo(sig proc.Signal, value uint64) *[128]byte {
	code := int32(proc.CodeQueue)
	info := new([128]byte)
	binary.NativeEndian.PutUint32(info[0:], uint32(sig))
	binary.NativeEndian.PutUint32(info[8:], uint32(code))
	binary.NativeEndian.PutUint32(info[16:], uint32(os.Getpid()))
	binary.NativeEndian.PutUint32(info[20:], uint32(os.Getuid()))
	binary.NativeEndian.PutUint64(info[24:], value)
	return info
}

func queueOne(pid proc.PID, sig proc.Signal, info *[128]byte) error {
	_, _, errno := syscall.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(info)))
	if errno != 0 {
		return queueError(pid, sig, errno)
	}
	return nil
}

func queueError(pid proc.PID, sig proc.Signal, err error) error {
	if err == nil {
		return nil
	}
	if errnoOf(err) == unix.EAGAIN {
		err = proc.ErrQueueFull
	}
	return fmt.Errorf("queue %v to process %d: %w", sig, pid, err)
}

// group is a proc.Hold.
type group struct {
	kernel *Linux
	pid    proc.PID
	fd     int // a pidfd of the leader; -1 where the kernel has none

	// died is when the leader died, in clock ticks since boot, for kernels that cannot
	// signal a group by pidfd: only a process that is older is a member.
	died uint64
}

// Hold keeps access to the group that the zombie pid leads. Call it
// before the zombie is reaped, and release the hold afterwards.
func (k *Linux) Hold(pid proc.PID) proc.Hold {
	g := &group{kernel: k, pid: pid, fd: -1, died: ticksSinceBoot()}
	if fd, err := unix.PidfdOpen(int(pid), 0); err == nil {
		g.fd = fd
	}
	return g
}

// Signal sends sig to the remaining members of the group; sig 0 sends nothing. It reports whether there was a
// member. With sig 0, a zombie that its own parent has not reaped counts as a member.
func (g *group) Signal(sig proc.Signal) bool {
	if g.fd >= 0 {
		err := unix.PidfdSendSignal(g.fd, unix.Signal(sig), nil, pidfdProcessGroup)
		switch errnoOf(err) {
		case 0:
			return sig == 0 || g.kernel.anyAlive(g.pid)
		case unix.ESRCH:
			return false
		}
	}
	// A kernel before 6.9, or the call is refused. Whether a group with that number
	// exists is cheap to find out. Whether it is still the same group takes
	// a look at /proc: a member must be older than the death of the leader. A
	// group that got the number afterwards is younger.
	if unix.Kill(-int(g.pid), 0) == unix.ESRCH {
		return false
	}
	if sig == 0 {
		return true
	}
	for member := range procfs.Processes() {
		if s, ok := procfs.StatOf(member); ok && s.Group == g.pid && s.Started <= g.died {
			return unix.Kill(-int(g.pid), unix.Signal(sig)) != unix.ESRCH && g.kernel.anyAlive(g.pid)
		}
	}
	return false
}

// groupsFresh is how long a look at all groups stays valid: when a hundred services are
// signalled in one turn, /proc is read once. We learn of later deaths soon enough, and a
// group of zombies does not come to life again.
const groupsFresh = 20 * time.Millisecond

// anyAlive reports whether a group has a member that is not a zombie. Without /proc the answer is
// true.
func (k *Linux) anyAlive(pgid proc.PID) bool {
	if time.Since(k.groupsSeen) > groupsFresh {
		k.groups = make(map[proc.PID]bool)
		for pid := range procfs.Processes() {
			if s, ok := procfs.StatOf(pid); ok {
				k.groups[s.Group] = k.groups[s.Group] || !s.Dead
			}
		}
		k.groupsSeen = time.Now()
	}
	alive, seen := k.groups[pgid]
	return alive || !seen
}

// Group returns the number of the group, which was the number of its dead leader.
func (g *group) Group() proc.PID { return g.pid }

// Release gives up the hold.
func (g *group) Release() {
	if g.fd >= 0 {
		unix.Close(g.fd)
		g.fd = -1
	}
}

// ticksSinceBoot returns the time in the unit of field 22 of /proc/PID/stat, USER_HZ,
// which is 100 on every architecture that we support, plus one for the rounding.
func ticksSinceBoot() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return ^uint64(0)
	}
	return uint64(now.Nano()/10_000_000) + 1
}

// errnoOf is the errno inside err, or 0.
func errnoOf(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
