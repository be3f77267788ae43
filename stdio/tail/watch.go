package tail

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// watch is the kernel's report of changes in directories (inotify(7)). A second goroutine
// sleeps in the runtime's poller until there is one, without a thread.
type watch struct {
	fd      int // -1: there is none
	file    *os.File
	dirs    map[string]bool // true: it reports
	changed chan bool       // true: names have changed, not only contents
	options *Options
	service string // the first one, for messages
	missing bool   // a directory does not report
	said    bool
}

const (
	nameEvents = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ATTRIB
	fileEvents = unix.IN_MODIFY
)

func newWatch(o *Options, service string) *watch {
	w := &watch{fd: -1, dirs: make(map[string]bool), changed: make(chan bool, 1), options: o, service: service}
	make := o.Watch
	if make == nil {
		make = func() (int, error) { return unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK) }
	}
	fd, err := make()
	if err != nil {
		w.cannot("inotify_init1", err)
		return w
	}
	w.fd, w.file = fd, os.NewFile(uintptr(fd), "log files")
	go w.read()
	return w
}

// cannot says once that files must be looked at again and again.
func (w *watch) cannot(call string, err error) {
	if w.missing = true; w.said {
		return
	}
	w.said = true
	mend := ""
	switch err {
	case unix.EMFILE:
		mend = " (raise sysctl fs.inotify.max_user_instances)"
	case unix.ENOSPC:
		mend = " (raise sysctl fs.inotify.max_user_watches)"
	}
	w.options.Say(w.service, fmt.Sprintf("the kernel does not report changes of its log files: %s: %v%s; sexton looks every %v instead", call, err, mend, w.options.Every))
}

// add asks for reports of a directory. One that is missing is asked for again at the next scan.
func (w *watch) add(dir string) {
	if w.fd < 0 {
		return
	}
	_, err := unix.InotifyAddWatch(w.fd, dir, nameEvents|fileEvents|unix.IN_ONLYDIR)
	w.dirs[dir] = err == nil
	if err != nil && err != unix.ENOENT && err != unix.ENOTDIR {
		w.cannot("inotify_add_watch "+dir, err)
	}
}

// reports tells whether the kernel reports every change.
func (w *watch) reports() bool {
	if w == nil || w.fd < 0 || w.missing {
		return false
	}
	for _, reported := range w.dirs {
		if !reported {
			return false
		}
	}
	return true
}

// changes is where changes are reported.
func (w *watch) changes() <-chan bool {
	if w == nil {
		return nil
	}
	return w.changed
}

// read takes the reports, until the end of the process.
func (w *watch) read() {
	buffer := make([]byte, 4096)
	names := false
	for {
		n, err := w.file.Read(buffer)
		if err != nil {
			return
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			mask := binary.NativeEndian.Uint32(buffer[at+4:])
			names = names || mask&^fileEvents != 0
			at += unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buffer[at+12:]))
		}
		select {
		case earlier := <-w.changed: // not taken yet
			names = names || earlier
		default:
		}
		w.changed <- names // there is room: nobody else puts anything there
		names = false
	}
}
