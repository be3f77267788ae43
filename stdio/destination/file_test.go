package destination

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A new file has the mode that was asked for, whatever our umask, and so have the
// directories' files that come after it. What was there stays.
func TestFileIsMadeOrContinued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "web.log")
	newLog(t, LogFile{Path: path, Mode: 0o666}, Options{}).say("one\n")
	newLog(t, LogFile{Path: path, Mode: 0o600}, Options{}).say("two\n")
	if text := read(t, path); text != "one\ntwo\n" {
		t.Errorf("it has %q", text)
	}
	info, err := os.Stat(path)
	if must(t, err); info.Mode() != 0o666 {
		t.Errorf("mode %v", info.Mode())
	}
}

// A new file gets the owner of its settings. If that is impossible, lines are written to it
// anyway, and the failure is reported.
func TestFileGetsItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	owner := func(user, group string) (int, int, error) {
		if user != "somebody" || group != "some" {
			return 0, 0, errors.New("no such user")
		}
		return 1234, 5678, nil
	}
	path := filepath.Join(t.TempDir(), "web.log")
	l := newLog(t, LogFile{Path: path, User: "somebody", Group: "some"}, Options{Owner: owner})
	l.say("one\n")
	var s unix.Stat_t
	if must(t, unix.Stat(path, &s)); s.Uid != 1234 || s.Gid != 5678 {
		t.Errorf("it belongs to %d:%d", s.Uid, s.Gid)
	}
	l.wantReports("")
	path += "2"
	l = newLog(t, LogFile{Path: path, User: "nobody here"}, Options{Owner: owner})
	l.say("one\n")
	l.wantReports("cannot give " + path + " its mode and owner: no such user; sexton writes to it anyway\n")
}

// A long line that comes in pieces stays in one file, whatever its size.
func TestFileIsNotRotatedWithinALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	l := newLog(t, LogFile{Path: path, Size: 100, Keep: 5}, Options{})
	piece := strings.Repeat("x", 80)
	for _, text := range []string{piece, piece, piece + "\n", "next\n"} {
		l.say(text)
	}
	names, _ := filesOf(t, path)
	if len(names) != 2 || read(t, names[0]) != piece+piece+piece+"\n" || read(t, path) != "next\n" {
		t.Errorf("there are %q", names)
	}
}

// Reopen closes the file behind the line that was begun: a program that renames log files
// gets the rest of the line in the renamed one.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	l := newLog(t, LogFile{Path: path}, Options{})
	l.say("one\nbeg")
	must(t, os.Rename(path, path+"-moved"))
	l.Reopen()
	l.say("un\n")
	l.say("two\n")
	if a, b := read(t, path+"-moved"), read(t, path); a != "one\nbegun\n" || b != "two\n" {
		t.Errorf("%q, %q", a, b)
	}
	l.CloseIfAsked()
	if l.FD() < 0 {
		t.Error("it was closed without being asked")
	}
	l.Reopen()
	if l.CloseIfAsked(); l.FD() >= 0 {
		t.Error("it is still open")
	}
}

// A file that cannot be opened is an error each time, and written as soon as it can be.
func TestFileThatCannotBeOpened(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join("d", "web.log")
	must(t, os.WriteFile("d", nil, 0o600))
	l := newLog(t, LogFile{Path: path}, Options{})
	for range 2 {
		if n, err := l.Write([]byte("lost\n")); n != 0 || err == nil || err.Error() != "open: not a directory" {
			t.Errorf("%d, %v", n, err)
		}
	}
	must(t, os.Remove("d"))
	l.say("found\n")
	if text := read(t, path); text != "found\n" {
		t.Errorf("it has %q", text)
	}
}

// A FIFO without a reader does not hold us up, and one with a slow reader gets
// everything.
func TestFileThatIsAFIFO(t *testing.T) {
	t.Chdir(t.TempDir()) // the way to it is everybody's, where a FIFO is refused
	const path = "fifo"
	must(t, unix.Mkfifo(path, 0o600))
	l := newLog(t, LogFile{Path: path, Size: 4096, Keep: 1}, Options{})
	if _, err := l.Write([]byte("lost\n")); !errors.Is(err, unix.ENXIO) {
		t.Errorf("nobody reads it: %v", err)
	}
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	must(t, err)
	defer in.Close()
	want := numbered(0, 3000)
	l.say(want[:100]) // opens it
	written := make(chan error, 1)
	go func() {
		_, err := Write(l.File, []byte(want[100:]), Await)
		written <- err
	}()
	var got bytes.Buffer
	for buffer := make([]byte, 4096); got.Len() < len(want); {
		n, err := in.Read(buffer)
		if got.Write(buffer[:n]); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
	if err := <-written; err != nil || got.String() != want {
		t.Errorf("%d bytes came through, %v", got.Len(), err)
	}
}

// On a disk that is full, what fits is written, and the rest is an error.
func TestFileOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mount: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	path := filepath.Join(dir, "web.log")
	l := newLog(t, LogFile{Path: path}, Options{})
	text := numbered(0, 1000)
	n, err := Write(l.File, []byte(text), Await)
	if err != unix.ENOSPC || n == 0 {
		t.Errorf("wrote %d bytes: %v", n, err)
	}
	if got := read(t, path); got != text[:n] {
		t.Errorf("it has %d bytes, and %d were written", len(got), n)
	}
	l.shut()
}
