package control

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/paths"

	"sexton/verbs"
)

// unixAt listens at a path, as another program would.
func unixAt(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no socket can be made at %s: %v", path, err)
	}
	t.Cleanup(func() { l.Close() })
}

// Another user can make as many names as it likes: a client tries a few of each owner.
func TestAClientTriesAFewNamesOfEachOwner(t *testing.T) {
	for i := range 3 * mostOfOne {
		unixAt(t, fmt.Sprintf("%s-test%d-%d%s", fallback(), os.Getpid(), i, socketEnd))
	}
	if err := os.WriteFile(fallback()+"-file"+socketEnd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(fallback() + "-file" + socketEnd)
	all := Sockets("")
	if len(all) != 2+mostOfOne || all[0] != UsualSocket || all[1] != fallback()+socketEnd {
		t.Errorf("%q", all)
	}
}

func TestTheFallbackIsUsedIfAnotherProgramListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	unixAt(t, path)
	s, note, err := Open(path, 0o600)
	if err != nil {
		t.Skip(err)
	}
	defer s.Close()
	if !strings.HasPrefix(s.Path(), fallback()) || !strings.Contains(note, path+": another program answers there (UID ") {
		t.Errorf("%s, %q", s.Path(), note)
	}
	second, note, err := Open(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if !strings.HasPrefix(second.Path(), fallback()+"-") || strings.Count(note, "another program answers there") != 2 {
		t.Errorf("%s, %q", second.Path(), note)
	}
	if _, _, err := Open(filepath.Join(t.TempDir(), "no", "s"), 0o600); err == nil {
		t.Error("a path of the file's own that cannot be made was replaced by another")
	}
}

// A user with write access to a directory on the way can keep us from making the socket there, but not from having one.
func TestTheFallbackIsTakenWhereOthersAreInTheWay(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{os.Chmod(dir, 0o777), os.Mkdir(dir+"/there", 0o755), os.Symlink("there", dir+"/link"), os.WriteFile(dir+"/file", nil, 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, why := range map[string]string{"link/s": "is a symbolic link, and ", "file/s": "is not a directory, and ", strings.Repeat("x", 104): "can write to "} {
		s, note, err := Open(filepath.Join(dir, name), 0o600)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.Close()
		if !strings.HasPrefix(s.Path(), fallback()) || !strings.Contains(note, why) {
			t.Errorf("%s: %s, %q", name, s.Path(), note)
		}
	}
}

func TestVerify(t *testing.T) {
	own := Namespace()
	self := unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
	for _, c := range []struct {
		who  unix.Ucred
		own  string
		want string
	}{
		{self, own, ""},
		{unix.Ucred{Uid: self.Uid}, own, "another PID namespace"},
		{self, "mnt:[1]", "is in mount namespace " + own},
		{self, "root:[1-2]", ""}, // where we know of none, the request has to tell
		{unix.Ucred{Pid: 1 << 30, Uid: 65533}, own, "UID 65533 (pid 1073741824) answers there, which is neither root nor UID"},
		{unix.Ucred{Pid: self.Pid, Uid: 65533, Gid: 65533}, own, "it was not asked"},
	} {
		err := verify(c.who, c.own)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v in %s: %v, want %q", c.who, c.own, err, c.want)
		}
	}
}

// A sexton of another mount namespace does nothing, and the client goes on to the next.
func TestARequestForAnotherNamespaceIsPassedOn(t *testing.T) {
	l := &loop{answer: someAnswer(), shutdowns: make(chan bool, 2)}
	other, ours := listen(t, l, func(s *Server) { s.namespace = "mnt:[1]" }), listen(t, l)
	reply := raw(t, other.Path(), `{"verb":"shutdown","namespace":"mnt:[2]"}`+"\n")
	if !reply.Elsewhere || reply.Shutdown != nil || len(l.shutdowns) != 0 {
		t.Errorf("%+v", reply)
	}
	got, err := Ask([]string{other.Path(), ours.Path()}, verbs.Request{Verb: "health"}, 1e10)
	if err != nil || got.Health == nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Ask([]string{other.Path()}, verbs.Request{Verb: "health"}, 1e10); err == nil || !strings.Contains(err.Error(), "mount namespace mnt:[1]") {
		t.Errorf("%v", err)
	}
}

// A client follows no link that another user may have made, and a socket is not made
// through one.
func TestNoLinkInASharedDirectoryIsFollowed(t *testing.T) {
	s := listen(t, &loop{answer: someAnswer()})
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(shared, "s")
	if err := os.Symlink(s.Path(), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Ask([]string{link}, verbs.Request{Verb: "health"}, 1e10); err == nil || !strings.Contains(err.Error(), "symbolic link in a directory that others can write to") {
		t.Errorf("%v", err)
	}
	if other, err := Listen([]string{link}, 0o600); err == nil {
		other.Close()
		t.Error("a link was taken for a place")
	}
}

// Where others can take the socket away, that is noticed; in a sticky directory and in
// one of our own they cannot.
func TestASocketThatWasTakenAwayIsMissed(t *testing.T) {
	dir := t.TempDir()
	for mode, want := range map[os.FileMode]bool{0o755: true, 0o777: false, 0o777 | os.ModeSticky: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		place, err := paths.Find(filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		if got := protected(place); got != want && !(want && strings.HasPrefix(dir, "/tmp")) { // the way to it counts as well
			t.Errorf("%v: protected %v", mode, got)
		}
		place.Close()
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s, err := Listen([]string{filepath.Join(dir, "s")}, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.exposed || s.lookAfter() {
		t.Errorf("exposed %v", s.exposed)
	}
	words := ""
	s.Moved = func(text string) { words = text }
	if err := os.Rename(s.Path(), s.Path()+".away"); err != nil {
		t.Fatal(err)
	}
	unixAt(t, filepath.Join(dir, "s"))
	if !s.lookAfter() || !strings.Contains(words, "was removed or replaced") || !strings.HasPrefix(s.Path(), fallback()) {
		t.Errorf("%q, %s", words, s.Path())
	}
}
