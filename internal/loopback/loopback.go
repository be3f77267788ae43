// Package loopback brings up the loopback interface of a new network namespace, for stories and
// for the helper programs of the tests.
package loopback

import "golang.org/x/sys/unix"

// Up brings up the interface lo of the calling thread's network namespace.
func Up() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}
