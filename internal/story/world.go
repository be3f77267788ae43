package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"sexton/internal/loopback"
)

// makeWorld makes of fresh namespaces what a container runtime would: mounts of
// our own, loopback up, a small /dev, an empty /run, /proc of the namespace.
func (s *stage) makeWorld() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := loopback.Up(); err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	if err := makeDev(s.Dev); err != nil {
		return fmt.Errorf("make /dev: %w", err)
	}
	if err := unix.Mount("run", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	if s.TerminationLog != "" {
		if err := os.WriteFile("/dev/termination-log", nil, 0o666); err != nil {
			return err
		}
	}
	if s.ReadOnly {
		attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, &attr); err != nil {
			return fmt.Errorf("make everything read-only: %w", err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if s.TerminationLog != "" {
		return showTerminationLog(s.TerminationLog)
	}
	return nil
}

// showTerminationLog binds a file over /dev/termination-log, writable even in a
// world that is not, as the kubelet does.
func showTerminationLog(path string) error {
	if err := unix.Mount(path, "/dev/termination-log", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", path, err)
	}
	attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(-1, "/dev/termination-log", 0, &attr); err != nil {
		return fmt.Errorf("make /dev/termination-log writable: %w", err)
	}
	return nil
}

// makeDev puts a /dev together in dir, out of the nodes of the present one, and
// moves it to its place.
func makeDev(dir string) error {
	if err := unix.Mount("dev", dir, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return err
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		path := filepath.Join(dir, name)
		err := errors.Join(os.WriteFile(path, nil, 0o666), unix.Mount("/dev/"+name, path, "", unix.MS_BIND, ""))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	pts, shm := filepath.Join(dir, "pts"), filepath.Join(dir, "shm")
	if err := errors.Join(os.Mkdir(pts, 0o755), os.Mkdir(shm, 0o755)); err != nil {
		return err
	}
	if err := unix.Mount("/dev/pts", pts, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("pts: %w", err)
	}
	// The device itself finds the terminals beside it;
	// who may not make one takes the link (pts(4)).
	ptmx := filepath.Join(dir, "ptmx")
	if unix.Mknod(ptmx, unix.S_IFCHR|0o666, int(unix.Mkdev(5, 2))) != nil {
		if err := os.Symlink("pts/ptmx", ptmx); err != nil {
			return err
		}
	} else if err := os.Chmod(ptmx, 0o666); err != nil {
		return err
	}
	if err := unix.Mount("shm", shm, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
		return fmt.Errorf("shm: %w", err)
	}
	return unix.Mount(dir, "/dev", "", unix.MS_MOVE, "")
}
