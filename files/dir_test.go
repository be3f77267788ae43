package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// trusted changes to a new directory that only we can write to. Paths are relative to it, because every user can
// write to /tmp on the way.
func trusted(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	do(t, os.Chmod(dir, 0o755))
	t.Chdir(dir)
}

func do(t *testing.T, all ...error) {
	t.Helper()
	if err := errors.Join(all...); err != nil {
		t.Fatal(err)
	}
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	trusted(t)
}

func stat(t *testing.T, name string) (s unix.Stat_t) {
	t.Helper()
	do(t, unix.Lstat(name, &s))
	return s
}

// belongs checks the owner of each name.
func belongs(t *testing.T, owner Owner, names ...string) {
	t.Helper()
	for _, name := range names {
		if s := stat(t, name); !owner.has(&s) {
			t.Errorf("%s belongs to UID %d, GID %d, and not to %v", name, s.Uid, s.Gid, owner)
		}
	}
}

func make1(t *testing.T, d Dir) Change {
	t.Helper()
	change, err := d.Make(t.Context())
	do(t, err)
	return change
}

var (
	app  = Owner{1234, 1235}
	root = Owner{0, 0}
)

func TestADirectoryIsMadeAndKept(t *testing.T) {
	trusted(t)
	us := Owner{os.Geteuid(), os.Getegid()}
	d := Dir{Path: "a/b", Owner: us, Mode: 0o750}
	if c := make1(t, d); !c.Made {
		t.Errorf("%+v", c)
	}
	if s := stat(t, "a/b"); s.Mode != unix.S_IFDIR|0o750 {
		t.Errorf("mode %o", s.Mode)
	}
	before := stat(t, "a/b")
	if c := make1(t, d); c != (Change{}) {
		t.Errorf("nothing differs: %+v", c)
	}
	if s := stat(t, "a/b"); s.Ctim != before.Ctim {
		t.Error("a directory that was right was changed")
	}
	do(t, os.Chmod("a/b", 0o700))
	if c := make1(t, d); c != (Change{Mode: true}) {
		t.Errorf("%+v", c)
	}
	do(t, os.Chmod("a/b", 0o711))
	if c := make1(t, Dir{Path: "a/b", Owner: Nobody, Mode: -1}); c != (Change{}) || stat(t, "a/b").Mode&0o777 != 0o711 {
		t.Errorf("no mode is said: %+v", c)
	}
	do(t, os.WriteFile("file", nil, 0o600), os.Symlink("link-to", "dangling"))
	d.Path = "file"
	if _, err := d.Make(t.Context()); err == nil || !strings.Contains(err.Error(), "exists and is not a directory") {
		t.Errorf("a file: %v", err)
	}
	d.Path = "dangling"
	if c := make1(t, d); !c.Made || stat(t, "link-to").Mode&unix.S_IFMT != unix.S_IFDIR {
		t.Errorf("a link of ours: %+v", c)
	}
}

func TestOwners(t *testing.T) {
	asRoot(t)
	make1(t, Dir{Path: "new", Owner: Nobody, Maker: app, Mode: -1})
	belongs(t, app, "new")
	do(t, os.Mkdir("old", 0o700))
	make1(t, Dir{Path: "old", Owner: Nobody, Maker: app, Mode: -1})
	belongs(t, root, "old")
	if c := make1(t, Dir{Path: "old", Owner: Owner{1234, -1}, Mode: -1}); c.Changed != 1 {
		t.Errorf("%+v", c)
	}
	belongs(t, Owner{1234, 0}, "old")
}

func TestOnlyRootGivesDirectoriesAway(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("as another user")
	}
	trusted(t)
	_, err := (&Dir{Path: "new", Owner: Owner{0, 0}, Mode: -1}).Make(t.Context())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("cannot give new to UID 0, GID 0: operation not permitted; sexton runs as UID %d: remove the owner", os.Geteuid())) {
		t.Errorf("%v", err)
	}
}

// A tree of all kinds of files: what is the owner's alone is given to it, and nothing else.
func TestEverythingBelowBelongsToTheOwner(t *testing.T) {
	asRoot(t)
	do(t, os.MkdirAll("d/e/f", 0o755), os.WriteFile("outside", nil, 0o600), os.WriteFile("d/file", nil, 0o4755), os.WriteFile("d/e/f/file", nil, 0o600),
		os.Link("outside", "d/e/hard"), os.Symlink("../../outside", "d/e/link"), os.Symlink("..", "d/up"), unix.Mkfifo("d/fifo", 0o600))
	do(t, unix.Mknod("d/null", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	deep := "d"
	for i := range 60 {
		deep += fmt.Sprintf("/%d", i)
		do(t, os.Mkdir(deep, 0o755), os.WriteFile(deep+"/a", nil, 0o600), os.WriteFile(deep+"/z", nil, 0o600))
	}
	d := Dir{Path: "d", Owner: app, Mode: -1, Recursive: true}
	c := make1(t, d)
	if want := (Change{Changed: 8 + 3*60, Left: 2}); c.Changed != want.Changed || c.Left != want.Left {
		t.Errorf("%+v, want %+v", c, want)
	}
	belongs(t, root, "outside", "d/null", ".")
	belongs(t, app, "d", "d/e", "d/e/f", "d/file", "d/e/f/file", "d/e/link", "d/up", "d/fifo", deep, deep+"/a", deep+"/z", "d/0/z", "d/0/1/2/a")
	c = make1(t, d)
	if c.Changed != 0 || c.Left != 2 || c.First == "" || c.Why == "" {
		t.Errorf("again: %+v", c)
	}
}

// In a directory where everybody can write, no link is followed, and another user's directory is not taken for ours.
func TestDirectoriesWhereOthersCanWrite(t *testing.T) {
	asRoot(t)
	do(t, os.Mkdir("s", 0o777), os.Chmod("s", 0o777|os.ModeSticky), os.Mkdir("outside", 0o700), os.Symlink("../outside", "s/link"),
		os.Mkdir("s/evil", 0o777), os.Chown("s/evil", 66, 66), os.Mkdir("s/mine", 0o700), os.Chown("s/mine", app.UID, app.GID))
	for name, word := range map[string]string{"s/link": "is not a directory, and everybody can write to", "s/link/new": "is a symbolic link", "s/evil": "it belongs to UID 66"} {
		_, err := (&Dir{Path: name, Owner: app, Mode: 0o711, Recursive: true}).Make(t.Context())
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whoever makes a directory in a place like /tmp first could replace what is made below it.
	_, err := (&Dir{Path: "s/evil/new", Owner: app, Mode: -1}).Make(t.Context())
	if err == nil || !strings.Contains(err.Error(), "UID 66 has made a directory on the way, and everybody can write to") {
		t.Errorf("s/evil/new: %v", err)
	}
	if _, err := os.Lstat("s/evil/new"); err == nil {
		t.Error("s/evil/new was made")
	}
	write(t, "from", "")
	if _, err := (&Template{From: "from", To: "s/evil/to", Owner: app, Mode: -1}).Render(lookup); err == nil || !strings.Contains(err.Error(), "UID 66 has made") {
		t.Errorf("s/evil/to: %v", err)
	}
	make1(t, Dir{Path: "s/mine/new", Owner: app, Mode: -1})
	make1(t, Dir{Path: "s/evil/theirs", Owner: Owner{66, 66}, Mode: -1})
	belongs(t, root, "outside")
	belongs(t, Owner{66, 66}, "s/evil")
	make1(t, Dir{Path: "s/mine", Owner: app, Mode: 0o711})
	make1(t, Dir{Path: "s/new/dir", Owner: app, Mode: 0o711})
	for range 2 {
		make1(t, Dir{Path: "s/made", Owner: Nobody, Maker: app, Mode: -1})
	}
	belongs(t, app, "s/new/dir")
}

func TestMakeStopsWhenItIsCalledOff(t *testing.T) {
	trusted(t)
	do(t, os.MkdirAll("d/e", 0o755))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&Dir{Path: "d", Owner: Owner{os.Geteuid(), -1}, Mode: -1, Recursive: true}).Make(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Many files that are right take one look each, and no change.
func BenchmarkRight(b *testing.B) {
	dir := b.TempDir()
	for i := range 100 {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("file-%d", j)), nil, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	d := Dir{Path: dir, Owner: Owner{os.Geteuid(), os.Getegid()}, Mode: -1, Recursive: true}
	b.ReportAllocs()
	for b.Loop() {
		if c, err := d.Make(b.Context()); err != nil || c != (Change{}) {
			b.Fatal(c, err)
		}
	}
}
