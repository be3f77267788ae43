package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sexton/callers"
	"sexton/paths"
)

// listen makes the socket at s.path.
func (s *Server) listen(mode os.FileMode) error {
	place, err := paths.Find(s.path)
	var refused *paths.Refused
	switch {
	case errors.As(err, &refused):
		return inUse{s.path + ": " + refused.Error()}
	case err != nil:
		return fmt.Errorf("%s: %w", s.path, bare(err))
	}
	defer place.Close()
	// The file gets its mode when it is created, so that no client can connect before
	// chmod: Linux takes the mode from the socket, minus the umask.
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.Fchmod(int(fd), uint32(mode.Perm())) })
	}}
	listener, err := config.Listen(context.Background(), "unix", s.path)
	if errors.Is(err, unix.EADDRINUSE) {
		if err := s.removeStale(place); err != nil {
			return err
		}
		listener, err = config.Listen(context.Background(), "unix", s.path)
	}
	if err != nil && place.Shared != nil { // another user may have caused it
		return inUse{fmt.Sprintf("%s: %v, and %s can write to %s", s.path, bare(err), place.Shared.Who, place.Shared.Dir)}
	} else if err != nil {
		return fmt.Errorf("%s: %w", s.path, bare(err))
	}
	s.listener = listener.(*net.UnixListener)
	s.listener.SetUnlinkOnClose(false) // Close looks first whether it is ours
	if err := s.secure(place, mode); err != nil {
		s.listener.Close()
		return fmt.Errorf("%s: %w", s.path, bare(err))
	}
	return nil
}

// secure opens the socket that was just made, through its directory and not by a path that
// others may have changed, and gives it the permissions that the umask took away.
func (s *Server) secure(place *paths.Place, mode os.FileMode) error {
	fd, err := unix.Openat(place.Dir, place.Name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%w: the socket is gone just after it was made: %w", ErrInUse, err)
	}
	defer unix.Close(fd)
	var file unix.Stat_t
	if err := unix.Fstat(fd, &file); err != nil {
		return err
	}
	s.exposed = !protected(place)
	if file.Mode&unix.S_IFMT != unix.S_IFSOCK || int(file.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: the socket was replaced just after it was made", ErrInUse)
	}
	s.dev, s.ino = file.Dev, file.Ino
	if os.FileMode(file.Mode).Perm() == mode.Perm() {
		return nil
	}
	if !s.exposed {
		return unix.Fchmodat(place.Dir, place.Name, uint32(mode.Perm()), 0)
	}
	held := fmt.Sprintf("/proc/self/fd/%d", fd)
	if !answersOurself(held) {
		return fmt.Errorf("%w: the socket was replaced just after it was made", ErrInUse)
	}
	return os.Chmod(held, mode)
}

// answersOurself tells whether this process listens on the socket at a path.
func answersOurself(path string) bool {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return false
	}
	defer conn.Close()
	who, err := peer(conn)
	return err == nil && int(who.Pid) == os.Getpid()
}

// removeStale removes the socket of a sexton that was killed. ErrInUse: a program answers, or
// the socket is another user's and cannot be removed.
func (s *Server) removeStale(place *paths.Place) error {
	var file unix.Stat_t
	if place.Stat(&file) == nil && file.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return s.taken(&file, "a file that is not a socket is there")
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: s.path, Net: "unix"})
	switch {
	case err == nil:
		defer conn.Close()
		words := "another program answers there"
		if who, err := peer(conn); err == nil && who.Pid != 0 {
			words = fmt.Sprintf("another program answers there (UID %d, pid %d)", int32(who.Uid), who.Pid)
		}
		return inUse{s.path + ": " + words}
	case errors.Is(err, unix.EAGAIN): // its queue is full
		return inUse{s.path + ": another program answers there"}
	case !errors.Is(err, unix.ECONNREFUSED):
		return s.taken(&file, bare(err).Error())
	}
	if err := place.Remove(); err != nil {
		return s.taken(&file, "the socket of an earlier sexton cannot be removed: "+bare(err).Error())
	}
	return nil
}

// taken is the error for a file in the way of our socket: another user's counts as in use.
func (s *Server) taken(file *unix.Stat_t, why string) error {
	if int(file.Uid) != os.Geteuid() {
		return inUse{fmt.Sprintf("%s: %s; it belongs to UID %d", s.path, why, file.Uid)}
	}
	return fmt.Errorf("%s: %s", s.path, why)
}

// inUse is an ErrInUse with words of its own.
type inUse struct{ words string }

func (e inUse) Error() string        { return e.words }
func (e inUse) Is(target error) bool { return target == ErrInUse }

// Path is where the socket is.
func (s *Server) Path() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.path
}

// Close ends the service and removes the socket, if it still is ours.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.listener.Close()
	if place, err := paths.Find(s.path); err == nil {
		defer place.Close()
		if s.is(place) {
			_ = place.Remove()
		}
	}
}

// is tells whether our socket is still there.
func (s *Server) is(place *paths.Place) bool {
	var now unix.Stat_t
	return place.Stat(&now) == nil && now.Dev == s.dev && now.Ino == s.ino
}

// Serve answers until Close. It is for a goroutine of its own.
func (s *Server) Serve() {
	if s.exposed {
		go s.watch()
	}
	for {
		s.mu.Lock()
		listener, closed := s.listener, s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		callers.Serve(listener, s.Gate, s.serve) // until Close, or until watch has made another
	}
}

// watchEvery is how often the server checks a socket that other users can remove. A
// socket that only root and our user can remove is not checked.
const watchEvery = 5 * time.Second

// watch notices that a user with write access to its directory has removed or replaced our
// socket, and then moves once to this container's own name in /dev/shm.
func (s *Server) watch() {
	for {
		time.Sleep(watchEvery)
		if done := s.lookAfter(); done {
			return
		}
	}
}

// lookAfter checks whether the socket is still ours, and moves if it is not.
func (s *Server) lookAfter() (done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true
	}
	place, err := paths.Find(s.path)
	if err == nil {
		still := s.is(place)
		place.Close()
		if still {
			return false
		}
	}
	note := ""
	moved, err := listenFallback(s.mode, &note)
	words := fmt.Sprintf("the control socket %s was removed or replaced by a user who can write to its directory; ", s.path)
	if err != nil {
		words += "sexton status and health cannot reach sexton any more: " + err.Error()
	} else {
		words += "it is at " + moved.path + " now, where sexton status and health find it"
		s.listener.Close()
		s.listener, s.path, s.dev, s.ino, s.exposed = moved.listener, moved.path, moved.dev, moved.ino, moved.exposed
	}
	if s.Moved != nil {
		s.Moved(words)
	}
	return true
}
