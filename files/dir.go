package files

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// Dir is a directory that should exist.
type Dir struct {
	Path      string
	Owner     Owner // whom it should belong to
	Mode      int   // its permissions; -1: 0755 for a new directory, those that it has for another one
	Recursive bool  // everything below belongs to Owner too
	Maker     Owner // whom a new directory belongs to where Owner does not say so
}

// Change is what Make has done.
type Change struct {
	Made    bool // the directory is new
	Mode    bool // it has got other permissions
	Changed int  // files and directories that have got another owner
	Left    int  // files below that were left to their owner, because it is not safe to change it
	First   string
	Why     string // First is the path of one of these, and Why the reason
}

// Make makes a directory, and changes what differs. It stops early if ctx is done.
func (d *Dir) Make(ctx context.Context) (change Change, err error) {
	p, err := paths.Make(d.Path)
	if err != nil {
		return change, fmt.Errorf("cannot make %s: %w", d.Path, err)
	}
	defer p.Close()
	p.Owner = d.Owner.or(d.Maker).UID
	if err := vetWay(p, p.Owner); err != nil {
		return change, fmt.Errorf("cannot make %s: %w; remove that directory, or use one where only root can write", d.Path, err)
	}
	fd, made, err := d.openOrMake(p)
	if change.Made = made; err != nil {
		return change, err
	}
	defer unix.Close(fd)
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return change, fmt.Errorf("%s: %w", d.Path, err)
	}
	owner, mode := d.Owner, d.Mode
	if change.Made {
		owner = owner.or(d.Maker)
		if mode < 0 {
			mode = 0o755
		}
	}
	if p.Exposed != nil {
		if err := p.VetOwner(&s); err != nil {
			return change, fmt.Errorf("%s is left as it is: %w; remove it, or use a directory where only root can write", d.Path, err)
		}
	}
	if mode >= 0 && s.Mode&0o7777 != uint32(mode) {
		if err := chmod(fd, uint32(mode)); err != nil {
			return change, fmt.Errorf("cannot set the mode of %s to %04o: %w", d.Path, mode, err)
		}
		change.Mode = !change.Made
	}
	if d.Recursive {
		return change, d.below(ctx, fd, owner, &change)
	}
	if owner.has(&s) {
		return change, nil
	}
	if err := chown(fd, owner); err != nil {
		return change, cannotGive(d.Path, owner, err)
	}
	if !change.Made {
		change.Changed = 1
	}
	return change, nil
}

// openOrMake opens the directory, and makes it if it is missing: for us alone, until it has its owner.
func (d *Dir) openOrMake(p *paths.Place) (fd int, made bool, err error) {
	fd, err = d.open(p)
	if err == nil {
		return fd, false, nil
	}
	if err != unix.ENOENT {
		return -1, false, d.cannotOpen(p, err)
	}
	if err = unix.Mkdirat(p.Dir, p.Name, 0o700); err == nil || err == unix.EEXIST {
		made = err == nil
		fd, err = d.open(p)
	}
	if err != nil {
		return -1, made, d.cannotMake(err)
	}
	return fd, made, nil
}

// or fills in what is not said.
func (o Owner) or(other Owner) Owner {
	if o.UID < 0 {
		o.UID = other.UID
	}
	if o.GID < 0 {
		o.GID = other.GID
	}
	return o
}

// open opens the directory without the permission to read it.
func (d *Dir) open(p *paths.Place) (int, error) {
	return openat(p.Dir, p.Name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW)
}

func (d *Dir) cannotMake(err error) error {
	mend := ""
	switch {
	case errors.Is(err, unix.EROFS):
		mend = "; mount a volume there, or a tmpfs"
	case errors.Is(err, unix.EACCES):
		mend = fmt.Sprintf("; sexton runs as UID %d: make it in the image, or start the container as root", os.Geteuid())
	}
	return fmt.Errorf("cannot make the directory %s: %w%s", d.Path, err, mend)
}

// cannotOpen explains an open that failed.
func (d *Dir) cannotOpen(p *paths.Place, err error) error {
	var s unix.Stat_t
	if err != unix.ENOTDIR || p.Stat(&s) != nil {
		return fmt.Errorf("cannot open %s: %w", d.Path, err)
	}
	if p.Shared != nil {
		return fmt.Errorf("%s is not a directory, and %s can write to %s; remove it", d.Path, p.Shared.Who, p.Shared.Dir)
	}
	return fmt.Errorf("%s exists and is not a directory; remove it, or choose another path", d.Path)
}

// chmod changes the mode of a directory that is open with O_PATH, which fchmod(2) does not accept.
func chmod(fd int, mode uint32) error {
	dir, err := openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Fchmod(dir, mode)
}

// below gives everything below the directory to its owner, and the directory itself last.
func (d *Dir) below(ctx context.Context, fd int, owner Owner, change *Change) error {
	top, err := openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", d.Path, err)
	}
	t := tree{path: d.Path, owner: owner, us: os.Geteuid(), change: change}
	return t.walk(ctx, top)
}

// openat opens without following a link and without waiting.
func openat(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
