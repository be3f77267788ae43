package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// hangMount mounts a file system at DIR that never answers, as a network file system
// whose server has gone, and lives for a minute:
//
//	hang-mount DIR
//	mounted
//
// It is a FUSE server that says yes to INIT (include/uapi/linux/fuse.h) and
// reads nothing more. A process that waits there can be killed.
func hangMount(w words) int {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return w.fail(err)
	}
	if err := unix.Mount("hang", w.arg(0, "."), "fuse", 0, "fd="+strconv.Itoa(fd)+",rootmode=40000,user_id=0,group_id=0"); err != nil {
		return w.fail(err)
	}
	request := make([]byte, 64<<10)
	if _, err := unix.Read(fd, request); err != nil {
		return w.fail(err)
	}
	const head, body = 16, 64
	answer := make([]byte, head+body)
	order := binary.NativeEndian
	order.PutUint32(answer, head+body)
	copy(answer[8:16], request[8:16])         // unique
	order.PutUint32(answer[head:], 7)         // major
	order.PutUint32(answer[head+4:], 31)      // minor
	order.PutUint16(answer[head+16:], 16)     // max_background
	order.PutUint32(answer[head+20:], 64<<10) // max_write
	if _, err := unix.Write(fd, answer); err != nil {
		return w.fail(err)
	}
	fmt.Println("mounted")
	_ = os.Stdout.Close()
	nap := unix.NsecToTimespec(60e9)
	_ = unix.Nanosleep(&nap, nil)
	_ = unix.Unmount(w.arg(0, "."), unix.MNT_DETACH) // for a story that was interrupted
	return 0
}
