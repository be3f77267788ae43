package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
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
	eventually(t, fmt.Sprint(n, " lines are out"), func() bool { return accountOfTest(t, m, service, Stdout).Out.Lines == n })
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
			", so that it may be a trap for sexton; what services write there goes to stdout until it is a file of its own\n"+
			"sexton | "+log.File.Path+" works again; meanwhile to stdout: 3 lines (15 B)\n")
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
	eventually(t, "stdout is stalled", stdout.stalled)
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

// A FIFO and a link that bear the names of rotated files hold up nothing, and lead
// nowhere; the link that stands where the compressor will write does not either.
func TestTrapsAmongRotatedFiles(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	_, secret, log := trapped(t)
	path := log.File.Path
	log.File.Compress, log.File.Keep = true, 5
	fifo, link, own := path+".20260101T000000.000000001Z", path+".20260101T000000.000000002Z", path+".20260101T000000.000000003Z"
	must(t, unix.Mkfifo(fifo, 0o666), os.Symlink(secret, fifo+unpacked), os.Symlink(secret, link),
		os.WriteFile(own, []byte("kept\n"), 0o604), os.Symlink(secret, own+unpacked), os.Symlink(secret, own+packed))
	web := spawn(t, m, Source{Service: "web", Log: log})
	web.say("line\n")
	wrote(t, m, "web", 1)
	tidied(t, m)
	wantSecret(t, secret)
	info, err := os.Lstat(own + packed)
	if err != nil || info.Mode() != 0o604 {
		t.Errorf("the file of ours was not compressed: %v, %v", info, err)
	}
	for name, why := range map[string]string{fifo: "it is a FIFO", link: "it is a symbolic link"} {
		want := "sexton | cannot compress " + filepath.Base(name) + " next to " + path + ": " + why + "; it is left as it is, and the others are tidied up\n"
		eventually(t, want, func() bool { return strings.Contains(stderr.String(), want) })
	}
	other := log
	other.File.Path = filepath.Join(filepath.Dir(path), "other.log")
	chatty := spawn(t, m, Source{Service: "other", Log: other})
	for i := range 50 {
		chatty.say(strings.Repeat("x", 999) + "\n")
		wrote(t, m, "other", int64(i+1))
	}
	tidied(t, m)
	if names, _ := filesOf(t, other.File.Path); len(names) != 6 {
		t.Errorf("of the other there are %v", names)
	}
	web.exit()
	chatty.exit()
	flushed(t, m)
	if n := strings.Count(stderr.all(), "cannot compress"); n != 2 {
		t.Errorf("said %d times:\n%s", n, stderr.all())
	}
}

// What somebody moves into a rotated file's place can be read afterwards by those who could
// read it before, and by nobody else, though the log has another owner.
func TestCompressedCopyIsNoMoreReadableThanItsOriginal(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	owner := func(string, string) (int, int, error) { return 1234, 1234, nil }
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock(), Owner: owner})
	dir, _, log := trapped(t)
	must(t, os.Chown(dir, 1234, 1234))
	log.File.Compress, log.File.User = true, "somebody"
	moved := log.File.Path + ".20260101T000000.000000001Z"
	must(t, os.WriteFile(moved, []byte("root's"), 0o600))
	web := spawn(t, m, Source{Service: "web", Log: log})
	web.say("line\n")
	web.exit()
	flushed(t, m)
	tidied(t, m)
	info, err := os.Lstat(moved + packed)
	must(t, err)
	var s unix.Stat_t
	must(t, unix.Lstat(moved+packed, &s))
	if s.Uid != 0 || info.Mode() != 0o600 {
		t.Errorf("it belongs to %d, %v", s.Uid, info.Mode())
	}
}

// Files that are dated in the future are older than what is rotated now, and go first.
func TestRotatedFilesOfTheFuture(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	const last = "20260103T000000.000000003Z"
	for i := range 3 {
		must(t, os.WriteFile(fmt.Sprintf("%s.20260103T000000.00000000%dZ", path, i+1), []byte("old\n"), 0o600))
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 5000, Keep: 3, Mode: 0o600}}})
	for i := range 22 { // 4 rotations
		web.say(fmt.Sprintf("%05d %s\n", i, strings.Repeat("x", 993)))
		wrote(t, m, "web", int64(i+1))
		names, all := filesOf(t, path)
		for line := i; line >= max(0, i-14); line-- {
			if !strings.Contains("\n"+all, fmt.Sprintf("\n%05d ", line)) {
				t.Fatalf("after line %d, line %d is gone: %v", i, line, names)
			}
		}
	}
	web.exit()
	flushed(t, m)
	names, _ := filesOf(t, path)
	if len(names) != 4 || slices.Contains(names, path+"."+last) || names[2] <= path+"."+last {
		t.Errorf("there are %v", names)
	}
	wantText(t, "stderr", stderr.all(), "sexton | rotated files of "+path+" are dated in the future (the latest "+last+
		"); new ones get later names, so that older files are removed first; check the clock\n")
}

// A clock that is set back in this life does not make the newest file the oldest.
func TestClockSetBack(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	looks := 0
	m := newMux(t, Options{Out: -1, Err: -1, Clock: func() time.Time { looks++; return begin.Add(-time.Duration(looks) * time.Hour) }})
	path := filepath.Join(t.TempDir(), "web.log")
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 4096, Keep: 2, Mode: 0o600}}})
	for i := range 100 {
		web.say(fmt.Sprintf("%05d %s\n", i, strings.Repeat("x", 993)))
		wrote(t, m, "web", int64(i+1))
	}
	web.exit()
	flushed(t, m)
	_, all := filesOf(t, path)
	if len(all) < 9000 {
		t.Errorf("kept: %d bytes", len(all))
	}
	wantNumbered(t, "what is kept", all, "", 100-len(all)/1000, 100, strings.Repeat("x", 993))
}

// A directory with a rotated file's name cannot be removed. That is said once, and the
// others are.
func TestWhatCannotBeRemovedIsSkipped(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	dir := path + ".20250101T000000.000000001Z"
	must(t, os.Mkdir(dir, 0o700))
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 4096, Keep: 2, Mode: 0o600}}})
	for i := range 50 {
		web.say(strings.Repeat("x", 999) + "\n")
		wrote(t, m, "web", int64(i+1))
	}
	web.exit()
	flushed(t, m)
	must(t, os.Remove(dir))
	if names, _ := filesOf(t, path); len(names) != 3 {
		t.Errorf("there are %v", names)
	}
	wantText(t, "stderr", stderr.all(), "sexton | cannot remove "+filepath.Base(dir)+" next to "+path+": is a directory; it is left as it is, and the others are tidied up\n")
}

// Whoever owns the directory can make any number of such, and we do not speak of all.
func TestTroubleIsBounded(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	for i := range 100 {
		must(t, os.Mkdir(fmt.Sprintf("%s.20250101T000000.000000%03dZ", path, i), 0o700))
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 4096, Mode: 0o600}}})
	web.say("line\n")
	web.exit()
	flushed(t, m)
	if text := stderr.all(); strings.Count(text, "cannot remove") != mostTrouble || strings.Count(text, "of no more files") != 1 {
		t.Errorf("said:\n%s", text)
	}
}

// A file that never ends, and one that is all holes, hold the compressor up for no longer
// than any other; a million names take no memory.
func TestEndlessFilesAreNotCompressed(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	_, _, log := trapped(t)
	log.File.Compress, log.File.Keep = true, 5
	holes, growing := log.File.Path+".20260101T000000.000000001Z", log.File.Path+".20260101T000000.000000002Z"
	// Large enough that compressing it takes longer than the writer may have to wait for a processor.
	must(t, os.WriteFile(holes, []byte("x"), 0o600), os.Truncate(holes, 1<<40), os.WriteFile(growing, []byte(strings.Repeat("x", 32<<20)), 0o600))
	stop := make(chan struct{})
	defer close(stop)
	begun := make(chan struct{})
	go func() {
		to, err := os.OpenFile(growing, os.O_WRONLY|os.O_APPEND, 0)
		close(begun)
		for err == nil {
			select {
			case <-stop:
				_ = to.Close()
				return
			default:
				_, err = to.WriteString("x")
			}
		}
	}()
	<-begun
	web := spawn(t, m, Source{Service: "web", Log: log})
	web.say("line\n")
	web.exit()
	flushed(t, m)
	tidied(t, m)
	for name, why := range map[string]string{holes: "it is almost all holes", growing: "somebody still writes to it"} {
		want := "cannot compress " + filepath.Base(name) + " next to " + log.File.Path + ": " + why
		eventually(t, want, func() bool { return strings.Contains(stderr.String(), want) })
	}
}

// Another user can neither end rotation nor have rotated files removed early, by names of the year 9999.
func TestPlantedNamesDoNotCount(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: newReader(t, 0).read().out, Clock: testClock()})
	_, _, log := trapped(t)
	planted := log.File.Path + ".99991231T235959.99999999"
	must(t, os.Mkdir(planted+"9Z", 0o755), unix.Mkfifo(planted+"8Z", 0o600), os.Symlink("x", planted+"7Z"))
	web := spawn(t, m, Source{Service: "web", Log: log})
	for range 4 {
		web.say(strings.Repeat("x", 4000) + "\n")
	}
	web.exit()
	flushed(t, m)
	info, err := os.Stat(log.File.Path)
	if must(t, err); info.Size() != 4001 {
		t.Errorf("it was not rotated: %d bytes", info.Size())
	}
	files, err := filepath.Glob(log.File.Path + ".2*")
	if must(t, err); len(files) != log.File.Keep {
		t.Errorf("kept: %q", files)
	}
}

func TestNewest(t *testing.T) {
	t.Chdir(t.TempDir())
	var want []string
	for i := range 20 {
		stamp := fmt.Sprintf("20260101T000000.0000000%02dZ", i*7%20)
		want = append(want, stamp)
		must(t, os.WriteFile("web.log."+stamp, nil, 0o600), os.WriteFile("web.log."+stamp+packed, nil, 0o600), os.WriteFile("web.log."+stamp+"x", nil, 0o600))
	}
	must(t, os.WriteFile("web.log.20270101T000000.000000000Z"+unpacked, nil, 0o600))
	slices.Sort(want)
	place, err := paths.Find("web.log")
	must(t, err)
	defer place.Close()
	for _, n := range []int{0, 1, 5, 20, 30} {
		got, err := newest(place, n)
		if must(t, err); !slices.Equal(got, want[max(0, 20-n):]) {
			t.Errorf("%d: %v", n, got)
		}
	}
}
