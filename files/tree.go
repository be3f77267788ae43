package files

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// mostOpen is how many directories on the way down are open at once. Those above are opened again by
// their child's "..", and compared, so that a deep tree does not take our descriptors.
const mostOpen = 16

// readBytes is how much of a directory is read at once.
const readBytes = 8 << 10

// tree gives everything in a directory to one owner. Each directory comes after what is in it: a
// directory of root's stays closed to its new owner until nothing is left to do there.
type tree struct {
	path   string // of the top, for messages
	owner  Owner
	us     int
	change *Change
	levels []level  // from the top down to where we are
	spare  [][]byte // buffers that no level uses
}

// level is a directory on the way.
type level struct {
	fd       int // -1: closed for now
	dev, ino uint64
	name     string // in the directory above
	who      string // the other user who can write there; "": none
	buffer   []byte // while it is open
	rest     []byte // entries that were read, and are still to be looked at
	next     int64  // where to read on after the last entry that was looked at
}

// walk takes the descriptor over.
func (t *tree) walk(ctx context.Context, top int) error {
	defer t.close()
	if err := t.enter(top, ""); err != nil {
		return err
	}
	for len(t.levels) > 0 {
		here := &t.levels[len(t.levels)-1]
		name, kind, err := here.read(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("cannot read %s: %w", t.at(""), err)
		case name == "":
			err = t.leave()
		case kind == unix.DT_DIR:
			err = t.descend(here.fd, name)
		default:
			err = t.file(here, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read is the next entry of a directory; "": there is none.
func (l *level) read(ctx context.Context) (name string, kind byte, err error) {
	const head = 19 // d_ino, d_off, d_reclen, d_type: getdents64(2)
	for {
		for len(l.rest) > head {
			length := int(binary.NativeEndian.Uint16(l.rest[16:]))
			entry := l.rest[head:length]
			l.next, kind = int64(binary.NativeEndian.Uint64(l.rest[8:])), l.rest[18]
			l.rest = l.rest[length:]
			n := 0
			for n < len(entry) && entry[n] != 0 {
				n++
			}
			if n == 1 && entry[0] == '.' || n == 2 && entry[0] == '.' && entry[1] == '.' {
				continue
			}
			return string(entry[:n]), kind, nil
		}
		if err := ctx.Err(); err != nil {
			return "", 0, err
		}
		n, err := unix.Getdents(l.fd, l.buffer)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ENOENT, err == nil && n == 0: // removed meanwhile, or at the end
			return "", 0, nil
		case err != nil:
			return "", 0, err
		}
		l.rest = l.buffer[:n]
	}
}

// file gives a file that is not a directory to the owner, if it is not the owner's.
func (t *tree) file(here *level, name string) error {
	var s unix.Stat_t
	err := unix.Fstatat(here.fd, name, &s, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == unix.ENOENT:
		return nil
	case err != nil:
		return fmt.Errorf("cannot look at %s: %w", t.at(name), err)
	case s.Mode&unix.S_IFMT == unix.S_IFDIR:
		return t.descend(here.fd, name)
	case t.owner.has(&s):
		return nil
	}
	// What was looked at just now may have been replaced. From here on it is held by a descriptor.
	fd, err := openat(here.fd, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		if err == unix.ENOENT {
			return nil
		}
		return fmt.Errorf("cannot look at %s: %w", t.at(name), err)
	}
	defer unix.Close(fd)
	if err := unix.Fstat(fd, &s); err != nil {
		return fmt.Errorf("cannot look at %s: %w", t.at(name), err)
	}
	if t.owner.has(&s) {
		return nil
	}
	if why := t.unsafe(here, name, fd, &s); why != "" {
		t.left(name, why)
		return nil
	}
	return t.give(fd, name)
}

// unsafe says why a file must not be given to the owner; "": it may.
func (t *tree) unsafe(here *level, name string, fd int, s *unix.Stat_t) string {
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "it has become a directory just now"
	case unix.S_IFBLK, unix.S_IFCHR:
		return "it is a device"
	}
	if s.Nlink != 1 {
		return fmt.Sprintf("it has %d names, and others may be outside", s.Nlink)
	}
	if here.who == "" {
		return ""
	}
	p := paths.Place{Dir: here.fd, Name: name, Shared: &paths.Shared{Dir: t.at(""), Who: here.who}}
	if err := p.OneName(fd, s); err != nil {
		return err.Error()
	}
	return ""
}

// give changes the owner of an open file.
func (t *tree) give(fd int, name string) error {
	switch err := chown(fd, t.owner); err {
	case nil:
		t.change.Changed++
	case unix.EROFS: // such as a volume with a Secret
		t.left(name, "its file system is mounted read-only")
	default:
		return cannotGive(t.at(name), t.owner, err)
	}
	return nil
}

func (t *tree) left(name, why string) {
	if t.change.Left++; t.change.Left == 1 {
		t.change.First, t.change.Why = t.at(name), why
	}
}

// descend goes down into a directory.
func (t *tree) descend(dir int, name string) error {
	fd, err := openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	switch err {
	case nil:
		return t.enter(fd, name)
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP: // replaced just now
		return nil
	}
	return fmt.Errorf("cannot open %s: %w", t.at(name), err)
}

// enter takes the descriptor over.
func (t *tree) enter(fd int, name string) error {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("cannot look at %s: %w", t.at(name), err)
	}
	if i := len(t.levels) - mostOpen; i >= 0 && t.levels[i].fd >= 0 {
		t.shut(&t.levels[i])
	}
	t.levels = append(t.levels, level{fd: fd, dev: s.Dev, ino: s.Ino, name: name, who: paths.Others(&s, t.us), buffer: t.buffer()})
	return nil
}

func (t *tree) buffer() []byte {
	if n := len(t.spare); n > 0 {
		b := t.spare[n-1]
		t.spare = t.spare[:n-1]
		return b
	}
	return make([]byte, readBytes)
}

// shut closes a directory for now.
func (t *tree) shut(l *level) {
	if l.fd >= 0 {
		_ = unix.Close(l.fd)
		t.spare = append(t.spare, l.buffer)
	}
	l.fd, l.buffer, l.rest = -1, nil, nil
}

// leave ends a directory: it is given to the owner itself, and the walk goes on above.
func (t *tree) leave() error {
	here := &t.levels[len(t.levels)-1]
	var s unix.Stat_t
	if err := unix.Fstat(here.fd, &s); err != nil {
		return fmt.Errorf("cannot look at %s: %w", t.at(""), err)
	}
	if !t.owner.has(&s) {
		if err := t.give(here.fd, ""); err != nil {
			return err
		}
	}
	if n := len(t.levels) - 2; n >= 0 && t.levels[n].fd < 0 {
		if err := t.reopen(here.fd, &t.levels[n]); err != nil {
			return err
		}
	}
	t.shut(here)
	t.levels = t.levels[:len(t.levels)-1]
	return nil
}

// reopen opens the directory above one again, and reads on where it was. The user may have moved the
// lower one meanwhile: then the directory above is another one.
func (t *tree) reopen(below int, l *level) error {
	moved := fmt.Errorf("%s was moved away meanwhile", t.at(""))
	fd, err := openat(below, "..", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("%w: %w", moved, err)
	}
	var s unix.Stat_t
	if err = unix.Fstat(fd, &s); err == nil && (s.Dev != l.dev || s.Ino != l.ino) {
		err = moved
	}
	if err == nil {
		_, err = unix.Seek(fd, l.next, 0)
	}
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	l.fd, l.buffer = fd, t.buffer()
	return nil
}

// at is the path of a name where the walk is.
func (t *tree) at(name string) string {
	parts := []string{t.path}
	for _, l := range t.levels {
		if l.name != "" {
			parts = append(parts, l.name)
		}
	}
	if name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, "/")
}

func (t *tree) close() {
	for i := range t.levels {
		t.shut(&t.levels[i])
	}
}
