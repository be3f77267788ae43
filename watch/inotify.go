package watch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// mask is what may change the content of a directory. A file that is being written counts when it is closed.
const mask = unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_ATTRIB |
	unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR

// events reads what inotify has, at most one buffer of it.
func (w *Watcher) events() {
	const head = unix.SizeofInotifyEvent
	buffer := make([]byte, 16<<10)
	n, err := unix.Read(w.inotify, buffer)
	if err != nil {
		return
	}
	now := time.Now()
	for rest := buffer[:n]; len(rest) >= head; {
		wd := int32(binary.NativeEndian.Uint32(rest))
		what := binary.NativeEndian.Uint32(rest[4:])
		length := int(binary.NativeEndian.Uint32(rest[12:]))
		name, _, _ := bytes.Cut(rest[head:head+length], []byte{0})
		rest = rest[head+length:]
		switch {
		case what&unix.IN_Q_OVERFLOW != 0: // some events are lost: each target may have changed
			for wd := range w.wanted {
				w.note(wd, "", now)
			}
		case what&unix.IN_IGNORED != 0: // the directory is gone
			w.note(wd, "", now)
			for _, i := range w.wanted[wd] {
				delete(i.target.spots, wd)
			}
			delete(w.wanted, wd)
		default:
			w.note(wd, string(name), now)
		}
	}
}

// add watches a directory for a target. If it cannot, the target is polled.
func (w *Watcher) add(t *target, dir string, spots map[int32]map[string]bool, names map[string]bool) {
	why := w.lack
	if why == nil {
		wd, err := unix.InotifyAddWatch(w.inotify, dir, mask)
		switch {
		case err == nil:
			if old, known := spots[int32(wd)]; known && (old == nil || names == nil) {
				names = nil
			} else if known {
				for name := range old {
					names[name] = true
				}
			}
			spots[int32(wd)] = names
			why = remote(dir)
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR): // it has just gone; the directory above is watched, too
			return
		default:
			why = fmt.Errorf("inotify_add_watch: %w", err)
		}
	}
	if why != nil && !t.polled {
		t.polled = true
		t.tell(w, fmt.Sprintf("cannot watch %s: %s; sexton looks every %v instead", dir, reason(why), pollEvery))
	}
}

// reason explains the errors that a limit causes.
func reason(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return "no inotify watch is left on this host (fs.inotify.max_user_watches)"
	case errors.Is(err, unix.EMFILE):
		return "no inotify instance is left on this host (fs.inotify.max_user_instances)"
	}
	return err.Error()
}

// remote is an error if a directory is on a file system that others can change without an event here.
func remote(dir string) error {
	var f unix.Statfs_t
	if unix.Statfs(dir, &f) != nil {
		return nil
	}
	switch uint32(f.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.FUSE_SUPER_MAGIC:
		return errors.New("another host may change the files on this file system, and the kernel reports only what is changed here")
	}
	return nil
}

// replace makes spots the directories of a target, and gives back those that no target wants any more.
func (w *Watcher) replace(t *target, spots map[int32]map[string]bool) {
	w.forget(t, spots)
	t.spots = spots
	for wd, names := range spots {
		w.wanted[wd] = append(w.wanted[wd], interest{t, names})
	}
}

// forget drops the directories of a target. Those in keep stay watched.
func (w *Watcher) forget(t *target, keep map[int32]map[string]bool) {
	for wd := range t.spots {
		w.wanted[wd] = slices.DeleteFunc(w.wanted[wd], func(i interest) bool { return i.target == t })
		if _, kept := keep[wd]; len(w.wanted[wd]) == 0 {
			if delete(w.wanted, wd); !kept {
				_, _ = unix.InotifyRmWatch(w.inotify, uint32(wd))
			}
		}
	}
	t.spots = nil
}
