package users

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A database that is no plain file, or far too large, is not waited for: the loop reads it at each start.
func TestDatabaseIsAPlainFile(t *testing.T) {
	etc := t.TempDir()
	file := filepath.Join(etc, "passwd")
	for _, c := range []struct {
		make func()
		says string
	}{
		{func() {}, "no such file"},
		{func() { _ = unix.Mkfifo(file, 0o644) }, "is not a regular file"},
		{func() { _ = os.Mkdir(file, 0o755) }, "is not a regular file"},
		{func() { _ = os.Symlink("/dev/zero", file) }, "is not a regular file"},
		{func() { write(t, file, strings.Repeat("#", databaseMost)+"\n") }, "more than"},
		{func() { write(t, file, strings.Repeat("#", databaseMost-1)+"\n") }, "is not in"},
		{func() { write(t, file, "") }, "is not in"},
	} {
		_ = os.Remove(file)
		c.make()
		if _, err := lookup(etc, "web", 0); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v; it should say %q", err, c.says)
		}
		if user, err := lookup(etc, "12", 34); err != nil || user.UID != 12 || user.GID != 34 || user.Home != "/" {
			t.Errorf("a number needs no database: %+v, %v", user, err)
		}
	}
}

// The first entry counts, an entry with a wrong number is none, and the last line needs no newline.
func TestEntriesOfTheDatabase(t *testing.T) {
	etc := t.TempDir()
	write(t, etc+"/passwd", "web:x:-1:1::/wrong:\nweb:x:7:4294967295::/wrong:\nweb:x:7:8::/first:\nweb:x:9:9::/second:\nshort:x:1:2:\nlast:x:0:4294967294::/last")
	write(t, etc+"/group", "wrong:x:-5:web\nshort:x\na:x:11:web\nb:x:12:webs,last\na:x:13:web,last")
	for text, want := range map[string]User{
		"web": {Name: "web", UID: 7, GID: 8, Home: "/first", Groups: []int{11, 13}}, "last": {Name: "last", UID: 0, GID: 4294967294, Home: "/last", Groups: []int{12, 13}},
		"9": {Name: "web", UID: 9, GID: 9, Home: "/second", Groups: []int{11, 13}},
	} {
		if got, err := lookup(etc, text, 5); err != nil || got.Name != want.Name || got.UID != want.UID || got.GID != want.GID || got.Home != want.Home || !slices.Equal(got.Groups, want.Groups) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	if _, err := lookup(etc, "short", 5); err == nil {
		t.Error("a line with too few fields is an entry")
	}
	if gid, err := lookupGroup(etc, "a"); gid != 11 || err != nil {
		t.Errorf("a: %d, %v", gid, err)
	}
	for _, text := range []string{"wrong", "short", "none"} {
		if gid, err := lookupGroup(etc, text); err == nil || !strings.Contains(err.Error(), "is not in") {
			t.Errorf("%s: %d, %v", text, gid, err)
		}
	}
}

// Nothing is changed for a child that is to be what we are.
func TestNoCredentialForOurselves(t *testing.T) {
	ours, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	for _, c := range []*proc.Credential{Credential(uid, gid, ours), Credential(uid, gid, append([]int{gid}, ours...))} {
		if c != nil {
			t.Errorf("we are to become what we are: %+v", c)
		}
	}
	for _, c := range []*proc.Credential{Credential(uid+1, gid, ours), Credential(uid, gid+1, ours), Credential(uid, gid, append([]int{54321}, ours...))} {
		if c == nil {
			t.Error("we are said to be another")
		}
	}
}

// Sets of groups are compared whatever their order, and a group that is had anyway does not count.
func TestSameGroups(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		gid  int
		same bool
	}{
		{nil, nil, -1, true}, {[]int{1, 2}, []int{2, 1, 1}, -1, true}, {[]int{1}, nil, 1, true}, {nil, []int{1}, 1, true},
		{[]int{1}, nil, 2, false}, {nil, []int{1}, -1, false}, {[]int{1, 2}, []int{1, 3}, -1, false},
	} {
		if got := SameGroups(c.a, c.b, c.gid); got != c.same {
			t.Errorf("%v and %v beside %d: %v", c.a, c.b, c.gid, got)
		}
	}
}
