package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// trapped makes a directory that others can write to, a file of ours beside it, and the
// log of a service in it.
func trapped(t *testing.T) (dir, secret string, log service.Log) {
	t.Helper()
	t.Chdir(t.TempDir()) // the way to it is everybody's, and would be the one to blame
	dir, secret = "log", "secret"
	must(t, os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777), os.WriteFile(secret, []byte("root's own\n"), 0o600))
	return dir, secret, service.Log{Format: service.Raw, File: service.LogFile{Path: filepath.Join(dir, "web.log"), Size: 4096, Keep: 2, Mode: 0o640}}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wantSecret wants the file of ours to be as it was.
func wantSecret(t *testing.T, secret string) {
	t.Helper()
	text, err := os.ReadFile(secret)
	info, again := os.Lstat(secret)
	if string(text) != "root's own\n" || err != nil || again != nil || info.Mode() != 0o600 {
		t.Errorf("the secret is now %q, %v, %v, %v", text, err, info.Mode(), again)
	}
}

// wrote waits until n lines of a service are out.
func wrote(t *testing.T, m *Mux, service string, n int64) {
	t.Helper()
	await.Until(t, fmt.Sprint(n, " lines are out"), func() bool { return accountOfTest(t, m, service, Stdout).Out.Lines == n })
}

// A log file whose name is a link, a FIFO or a second name of another file is not
// opened where others could have put it. Its lines go to stdout, among whole
// lines of others, and that is said once; then it is written again.
func TestTrapInPlaceOfTheFile(t *testing.T) {
	for what, set := range map[string]func(path, secret string) error{
		"it is a symbolic link": func(path, secret string) error { return os.Symlink(secret, path) },
		"it has 2 names":        func(path, secret string) error { return os.Link(secret, path) },
		"it is a FIFO":          func(path, _ string) error { return unix.Mkfifo(path, 0o666) },
		"it is a directory":     func(path, _ string) error { return os.Mkdir(path, 0o777) },

		"it is a FIFO that nobody reads, or a socket": func(path, _ string) error { return unix.Mkfifo(path, 0o666) },
	} {
		stdout, stderr := newReader(t, 0).read(), newReader(t, 0).read()
		m := newMux(t, Options{Out: stdout.out, Err: stderr.out, Clock: testClock()})
		dir, secret, log := trapped(t)
		must(t, set(log.File.Path, secret))
		if what == "it is a FIFO" { // which has a reader
			fd, err := unix.Open(log.File.Path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
			must(t, err)
			defer func() { _ = unix.Close(fd) }()
		}
		web := spawn(t, m, Source{Service: "web", Log: log})
		for i := range 3 {
			web.say("away\n")
			wrote(t, m, "web", int64(i+1))
		}
		must(t, os.Remove(log.File.Path))
		web.say("home\n")
		web.exit()
		flushed(t, m)
		wantSecret(t, secret)
		wantText(t, what+": stdout", stdout.all(), "away\naway\naway\n")
		if text, err := os.ReadFile(log.File.Path); string(text) != "home\n" {
			t.Errorf("%s: the file has %q, %v", what, text, err)
		}
		wantText(t, what+": stderr", stderr.all(), "sexton | "+log.File.Path+" is not opened: "+what+", and everybody can write to "+dir+
			", so it may be a trap for sexton; output for it goes to stdout until that changes\n"+
			"sexton | "+log.File.Path+" works again; written to stdout meanwhile: 3 lines (15 B)\n")
	}
}

// What a file refuses waits for stdout like everything else, and nothing is lost or torn.
func TestRefusedLinesWaitForStdout(t *testing.T) {
	stdout := newReader(t, 0)
	m := newMux(t, Options{Out: stdout.out, Err: newReader(t, 0).read().out, Clock: testClock(), Names: []string{"web", "other"}})
	_, secret, log := trapped(t)
	log.Format = service.Prefix
	must(t, os.Symlink(secret, log.File.Path))
	web, other := spawn(t, m, Source{Service: "web", Log: log}), spawn(t, m, Source{Service: "other"})
	const lines = 5000
	text := strings.Repeat("x", 110)
	for _, c := range []*child{web, other} {
		go func() {
			defer c.exit()
			for i := range lines {
				c.say(fmt.Sprintf("%05d %s\n", i, text))
			}
		}()
	}
	await.Until(t, "stdout is stalled", stdout.stalled)
	stdout.read()
	flushed(t, m)
	var of [2][]string
	for line := range strings.Lines(stdout.all()) {
		i := 0
		if strings.HasPrefix(line, "other") {
			i = 1
		}
		of[i] = append(of[i], line)
	}
	wantNumbered(t, "web", strings.Join(of[0], ""), "web    | ", 0, lines, text)
	wantNumbered(t, "other", strings.Join(of[1], ""), "other  | ", 0, lines, text)
	wantSecret(t, secret)
}
