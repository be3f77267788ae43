package files

import (
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// harass repeats what a user does to a directory, as fast as the kernel can, until stop is closed.
func harass(group *sync.WaitGroup, stop chan struct{}, deeds ...func()) {
	for _, deed := range deeds {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					deed()
				}
			}
		})
	}
}

// While the owner of a tree is changed, its directories and files are exchanged for links, second names of files of
// root's come and go, and files become directories: nothing outside changes. Root itself does this here: no user
// can do more.
func TestAHostileUserGainsNothing(t *testing.T) {
	asRoot(t)
	do(t, os.Mkdir("outside", 0o700), os.WriteFile("outside/secret", nil, 0o600), os.Mkdir("outside/dir", 0o700), os.MkdirAll("d/a/b/c", 0o777),
		os.Mkdir("d/links", 0o777), os.Mkdir("top", 0o777), os.Chmod("top", 0o777), os.Chown("top", app.UID, app.GID), os.Mkdir("top/d", 0o777))
	for _, name := range []string{"d", "d/a", "d/a/b", "d/a/b/c", "d/links"} {
		do(t, os.Chmod(name, 0o777))
	}
	// Deeper than the directories that are kept open.
	do(t, os.MkdirAll("d/deep/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20", 0o777), os.Symlink("../../outside", "d/a/link"), os.Symlink("../outside", "top/link"))
	exchange := func(one, other string) func() {
		return func() { _ = unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE) }
	}
	stop, seen := make(chan struct{}), 0
	var group sync.WaitGroup
	harass(&group, stop,
		exchange("d/a/b", "d/a/link"), exchange("top/d", "top/link"),
		func() { _, _ = unix.Link("outside/secret", "d/links/f"), unix.Unlink("d/links/f") },
		func() {
			_, _, _ = os.Mkdir("d/x", 0o777), os.Remove("d/x"), os.Symlink("../outside", "d/x")
			_ = os.Remove("d/x")
		},
		exchange("d/deep/1/2/3", "d/a/b/c"))
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		for _, name := range []string{"d", "top/d"} {
			change, err := (&Dir{Path: name, Owner: app, Mode: 0o755, Recursive: true}).Make(t.Context())
			if change.Left > 0 || err != nil {
				seen++
			}
		}
		for _, name := range []string{"d", "d/a", "d/links", "top/d", "d/deep"} { // the next round has something to change
			_ = os.Lchown(name, 0, 0)
		}
	}
	close(stop)
	group.Wait()
	belongs(t, root, "outside", "outside/secret", "outside/dir")
	if s := stat(t, "outside"); s.Mode&0o777 != 0o700 {
		t.Errorf("outside has the mode %o", s.Mode)
	}
	if seen == 0 {
		t.Error("no trap was met")
	}
}
