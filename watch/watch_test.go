package watch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func do(t *testing.T, all ...error) {
	t.Helper()
	if err := errors.Join(all...); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	do(t, os.WriteFile(name, []byte(text), 0o600))
}

// scene is a watcher of one target in a directory of its own.
type scene struct {
	*testing.T
	w       *Watcher
	dir     string
	changes chan Change
	said    chan string
}

const quiet = 20 * time.Millisecond

func play(t *testing.T) *scene {
	s := &scene{T: t, dir: t.TempDir(), changes: make(chan Change, 100), said: make(chan string, 100)}
	s.w = New(func(c Change) { s.changes <- c }, func(_, text string) { s.said <- text })
	return s
}

// watch begins, and waits until the first look is over: then a change that ends the wait is seen.
func (s *scene) watch(paths ...string) {
	s.Helper()
	probe := filepath.Join(s.TempDir(), "probe")
	s.w.Set([]Target{{Name: "web", Paths: paths, Quiet: quiet}, {Name: "probe", Paths: []string{probe}, Quiet: quiet}})
	for i := range 1000 {
		write(s.T, probe, strings.Repeat("x", i))
		select {
		case c := <-s.changes:
			if c.Name != "probe" {
				s.Fatalf("%+v", c)
			}
			s.calm()
			return
		case <-time.After(2 * quiet):
		}
	}
	s.Fatal("the watcher sees nothing")
}

// calm lets the probe's last change pass.
func (s *scene) calm() {
	for {
		select {
		case c := <-s.changes:
			if c.Name != "probe" {
				s.Fatalf("%+v", c)
			}
		case <-time.After(5 * quiet):
			return
		}
	}
}

// sees waits for one change, and checks that there is no second one.
func (s *scene) sees(what string) {
	s.Helper()
	select {
	case c := <-s.changes:
		if c.Name != "web" || strings.ReplaceAll(c.What, s.dir, "") != what {
			s.Errorf("%+v, want %s", c, what)
		}
	case <-time.After(10 * time.Second):
		s.Errorf("%s was not seen", what)
	}
	s.seesNothing()
}

func (s *scene) seesNothing() {
	s.Helper()
	select {
	case c := <-s.changes:
		s.Errorf("seen: %+v", c)
	case <-time.After(6 * quiet):
	}
}

func TestFilesOfADirectory(t *testing.T) {
	s := play(t)
	do(t, os.MkdirAll(s.dir+"/etc/conf.d", 0o755))
	write(t, s.dir+"/etc/main", "a")
	s.watch(s.dir + "/etc")
	write(t, s.dir+"/etc/main", "b")
	s.sees("/etc/main")
	write(t, s.dir+"/etc/new", "")
	s.sees("/etc/new")
	do(t, os.Remove(s.dir+"/etc/new"))
	s.sees("/etc/new")
	write(t, s.dir+"/etc/conf.d/x", "")
	s.sees("/etc/conf.d/x")
	do(t, os.Mkdir(s.dir+"/etc/more", 0o755))
	write(t, s.dir+"/etc/more/x", "1")
	s.sees("/etc/more/x")
	write(t, s.dir+"/etc/more/x", "2")
	s.sees("/etc/more/x")
	do(t, os.Chmod(s.dir+"/etc/main", 0o644))
	s.sees("/etc/main")
	// An editor that writes another file, renames it, and has a file for itself meanwhile.
	write(t, s.dir+"/etc/.main.swp", "")
	write(t, s.dir+"/etc/4913", "")
	do(t, os.Remove(s.dir+"/etc/4913"), os.Rename(s.dir+"/etc/main", s.dir+"/etc/main~"))
	write(t, s.dir+"/etc/tmp", "c")
	do(t, os.Chmod(s.dir+"/etc/tmp", 0o644), os.Rename(s.dir+"/etc/tmp", s.dir+"/etc/main"))
	s.sees("/etc/main")
	// The same content is no change, however it comes there.
	write(t, s.dir+"/etc/main", "c")
	do(t, os.WriteFile(s.dir+"/etc/tmp", []byte("c"), 0o644), os.Chmod(s.dir+"/etc/tmp", 0o644), os.Rename(s.dir+"/etc/tmp", s.dir+"/etc/main"))
	s.seesNothing()
	// The whole directory is replaced.
	do(t, os.Mkdir(s.dir+"/next", 0o755))
	write(t, s.dir+"/next/only", "")
	do(t, os.Rename(s.dir+"/etc", s.dir+"/old"), os.Rename(s.dir+"/next", s.dir+"/etc"))
	s.sees("/etc/conf.d/x and 3 more")
	write(t, s.dir+"/old/main", "d")
	s.seesNothing()
	write(t, s.dir+"/etc/only", "e")
	s.sees("/etc/only")
}

// configMap makes the next version of a volume, as the kubelet does.
func configMap(t *testing.T, dir, version, text string) {
	t.Helper()
	do(t, os.MkdirAll(dir+"/..v"+version+"/sub", 0o755))
	write(t, dir+"/..v"+version+"/app.conf", text)
	write(t, dir+"/..v"+version+"/sub/key", text)
	do(t, os.Symlink("..v"+version, dir+"/..data_tmp"), os.Rename(dir+"/..data_tmp", dir+"/..data"))
	for _, name := range []string{"app.conf", "sub"} {
		_ = os.Symlink("..data/"+name, dir+"/"+name)
	}
	old, _ := filepath.Glob(dir + "/..v*")
	for _, name := range old {
		if name != dir+"/..v"+version {
			do(t, os.RemoveAll(name))
		}
	}
}

func TestConfigMaps(t *testing.T) {
	for _, file := range []string{"", "/app.conf", "/sub/key"} {
		s := play(t)
		configMap(t, s.dir, "1", "one")
		s.watch(s.dir + file)
		for i, version := range []string{"2", "3", "4"} {
			configMap(t, s.dir, version, strings.Repeat("next", i))
			want := file
			if file == "" {
				want = "/app.conf and 1 more"
			}
			s.sees(want)
		}
	}
}

func TestPathsThatAreNotThere(t *testing.T) {
	s := play(t)
	s.watch(s.dir+"/a/b/conf", s.dir+"/loop", s.dir+"/link")
	do(t, os.MkdirAll(s.dir+"/a/b", 0o755))
	write(t, s.dir+"/a/b/other", "")
	s.seesNothing()
	write(t, s.dir+"/a/b/conf", "")
	s.sees("/a/b/conf")
	do(t, os.Symlink("loop", s.dir+"/loop"))
	s.seesNothing()
	do(t, os.RemoveAll(s.dir+"/a"))
	s.sees("/a/b/conf")
	do(t, os.Symlink("target", s.dir+"/link"))
	write(t, s.dir+"/target", "x")
	s.sees("/link")
	do(t, unix.Mkfifo(s.dir+"/fifo", 0o600), os.Remove(s.dir+"/link"), os.Symlink("fifo", s.dir+"/link"))
	s.sees("/link")
}

// A file that goes on changing is told in the end.
func TestNoQuiet(t *testing.T) {
	s := play(t)
	s.watch(s.dir)
	for end := time.Now().Add(5 * time.Second); len(s.changes) == 0; {
		write(t, s.dir+"/f", time.Now().String())
		if time.Sleep(quiet / 4); time.Now().After(end) {
			t.Fatal("a change that goes on was not told")
		}
	}
}

// Without inotify, the watcher looks by itself, and a change must quiet as well.
func TestPolling(t *testing.T) {
	s := play(t)
	w := s.w
	w.lack = unix.EMFILE
	tg := &target{Target: Target{Name: "web", Paths: []string{s.dir}, Quiet: quiet}}
	w.targets = []*target{tg}
	tg.seen = w.look(tg)
	if said := <-s.said; !tg.polled || !strings.Contains(said, "no inotify instance is left on this host (fs.inotify.max_user_instances); sexton looks every 5s instead") {
		t.Errorf("polled %v: %s", tg.polled, said)
	}
	if due, ok := tg.due(); !ok || time.Until(due) < pollEvery/2 {
		t.Errorf("due %v, %v", due, ok)
	}
	write(t, s.dir+"/f", "x")
	w.compare(tg)
	if due, ok := tg.due(); !ok || time.Until(due) > quiet || len(s.changes) > 0 {
		t.Errorf("due %v, %v, told %d", due, ok, len(s.changes))
	}
	w.compare(tg)
	s.sees("/f")
	w.compare(tg)
	s.seesNothing()
	if len(s.said) > 0 {
		t.Errorf("said again: %s", <-s.said)
	}
}

func TestSetReplacesTargets(t *testing.T) {
	s := play(t)
	do(t, os.Mkdir(s.dir+"/a", 0o755), os.Mkdir(s.dir+"/b", 0o755))
	s.watch(s.dir + "/a")
	s.watch(s.dir + "/b")
	write(t, s.dir+"/a/f", "")
	s.seesNothing()
	write(t, s.dir+"/b/f", "")
	s.sees("/b/f")
	s.w.Set(nil)
	time.Sleep(2 * quiet)
	write(t, s.dir+"/b/g", "")
	s.seesNothing()
}

func TestNothingRunsWithoutATarget(t *testing.T) {
	w := New(nil, nil)
	w.Set(nil)
	if w.wake >= 0 {
		t.Error("it runs")
	}
}
