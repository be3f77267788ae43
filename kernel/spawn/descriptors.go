package spawn

import (
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// Our own descriptors.

// LeaveNothingOpen closes every descriptor above 2 that we were given by who
// started us, and goes to the root directory: neither a mount nor a pipe of
// theirs may hang on us for as long as we live. Descriptors of our own are
// known by their close-on-exec flag.
func (*Spawner) LeaveNothingOpen() {
	_ = unix.Chdir("/")
	for _, fd := range inheritedDescriptors() {
		unix.Close(int(fd))
	}
	closeUnlisted()
}

// closeUnlisted keeps what was not tried, because /proc does not list it, from our
// children (since Linux 5.11): it stays open for us alone.
func closeUnlisted() {
	if unix.Access("/proc/self/fd", unix.R_OK) != nil {
		_ = unix.CloseRange(mostTried, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	}
}

// inheritedDescriptors are those above 2 that are not close-on-exec.
func inheritedDescriptors() []int32 {
	var inherited []int32
	for _, fd := range openDescriptors() {
		if fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			inherited = append(inherited, int32(fd))
		}
	}
	return inherited
}

// mostTried is how many descriptors are tried where /proc does not list them.
const mostTried = 256

// openDescriptors lists our descriptors; where /proc is missing it
// guesses the first 256. It uses no os.File, which would start the poller for it.
func openDescriptors() []int {
	var fds []int
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		for fd := 3; fd < mostTried; fd++ {
			fds = append(fds, fd)
		}
		return fds
	}
	defer unix.Close(dir)
	buffer := make([]byte, 2048)
	for {
		n, err := unix.ReadDirent(dir, buffer)
		if err != nil || n <= 0 {
			return fds
		}
		_, _, names := unix.ParseDirent(buffer[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil {
				fds = append(fds, fd)
			}
		}
	}
}
