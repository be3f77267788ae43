package spawn

import (
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// This file handles the descriptors that we inherited.

// LeaveNothingOpen closes every inherited descriptor above 2, and changes to the root directory. Otherwise we
// would keep a mount or a pipe of the program that started us busy as long as we live. Our own descriptors are
// the ones with the close-on-exec flag.
func (*Spawner) LeaveNothingOpen() {
	_ = unix.Chdir("/")
	for _, fd := range inheritedDescriptors() {
		unix.Close(int(fd))
	}
	closeUnlisted()
}

// closeUnlisted sets close-on-exec for the descriptors that openDescriptors does not try where /proc is missing
// (since Linux 5.11). They stay open in our process, but our children do not get them.
func closeUnlisted() {
	if unix.Access("/proc/self/fd", unix.R_OK) != nil {
		_ = unix.CloseRange(mostTried, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	}
}

// inheritedDescriptors returns the descriptors above 2 without the close-on-exec flag.
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

// mostTried is how many descriptors are tried if /proc does not list them.
const mostTried = 256

// openDescriptors lists our descriptors; if /proc is missing, it
// returns the first 256 numbers. It does not use os.File, which would start the poller.
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
