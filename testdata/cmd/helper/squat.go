package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// squat pretends to be sexton: it takes the names in /dev/shm at which clients in its mount
// namespace look for one, or the paths given, and tells every client that the container is ready:
//
//	squat [PATH...] [move=yes] [silent=yes]
//
// With move it first moves away the file at a path. With silent it does not answer.
func squat(w words) int {
	names := w.args
	if len(names) == 0 {
		link, err := os.Readlink("/proc/self/ns/mnt")
		if err != nil {
			return w.fail(err)
		}
		own := "/dev/shm/sexton-" + strings.Trim(link, "mnt:[]")
		names = append(names, own+".sock")
		for i := range 50 {
			names = append(names, fmt.Sprintf("%s-%016x.sock", own, i))
		}
	}
	for _, name := range names {
		if w.options["move"] != "" {
			if err := os.Rename(name, name+".moved"); err != nil {
				return w.fail(err)
			}
		}
		listener, err := net.Listen("unix", name)
		if err != nil {
			return w.fail(err)
		}
		_ = os.Chmod(name, 0o666)
		if w.options["silent"] != "" {
			continue
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				if n, _ := conn.Read(make([]byte, 100)); n > 0 { // a client that only checks which process listens sends nothing
					fmt.Println("somebody has asked the squatter")
				}
				_, _ = conn.Write([]byte(`{"health":{"ok":true,"words":"squatted"}}` + "\n"))
				conn.Close()
			}
		}()
	}
	fmt.Println("squats")
	time.Sleep(time.Hour)
	return 0
}
