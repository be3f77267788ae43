package stdio

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/service"
)

// testClock is a clock that steps by a millisecond with each look.
func testClock() func() time.Time {
	var looks atomic.Int64
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { return begin.Add(time.Duration(looks.Add(1)) * time.Millisecond) }
}

// filesOf are the rotated files of a log, oldest first, and the log itself.
func filesOf(t *testing.T, path string) (names []string, text string) {
	t.Helper()
	names, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	names = append(names, path)
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if data, err = io.ReadAll(z); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		all.Write(data)
	}
	return names, all.String()
}

func tidied(t *testing.T, m *Mux) {
	t.Helper()
	eventually(t, "the rotated files are tidied up", func() bool { return m.packer.idle() })
}

func TestFileIsRotatedBySizeAndKeepsLinesWhole(t *testing.T) {
	for _, compress := range []bool{false, true} {
		m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
		path := filepath.Join(t.TempDir(), "a", "b", "web.log")
		log := service.Log{File: service.LogFile{Path: path, Size: 5000, Keep: 1000, Compress: compress, Mode: 0o604}}
		web, worker := spawn(t, m, Source{Service: "web", Log: log}), spawn(t, m, Source{Service: "worker", Log: log})
		text := strings.Repeat("x", 110)
		const lines = 2000
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
			if i == lines/2 {
				worker.say("hello\n" + strings.Repeat("y", 9000) + "\n")
				eventually(t, "worker's line", func() bool { return accountOfTest(t, m, "worker", Stdout).Out.Lines == 2 })
			}
		}
		web.exit()
		worker.exit()
		flushed(t, m)
		tidied(t, m)
		names, all := filesOf(t, path)
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil || info.Mode().Perm() != 0o604 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
			if info.Size() > 5000 && info.Size() != 9010 {
				t.Errorf("%s has %d bytes", name, info.Size())
			}
			if compress && name != path && !strings.HasSuffix(name, ".gz") {
				t.Errorf("%s is not compressed", name)
			}
		}
		if len(names) < lines*127/5000 {
			t.Errorf("only %d files", len(names))
		}
		all = strings.Replace(all, "worker | hello\n", "", 1)
		all = strings.Replace(all, "worker | "+strings.Repeat("y", 9000)+"\n", "", 1)
		wantNumbered(t, "the files", all, "web    | ", 0, lines, text)
	}
}

func TestOldRotatedFilesAreRemoved(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	strangers := []string{path + ".old", path + ".20260102", filepath.Join(filepath.Dir(path), "other.log.20260102T030405.000000001Z")}
	for _, name := range strangers {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := path + ".20250102T030405.000000001Z.gz.part"
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for keep := range 3 {
		log := service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 4096, Keep: keep, Compress: true, Mode: 0o600}}
		log.File.Path = fmt.Sprint(path[:len(path)-4], keep, ".log")
		web := spawn(t, m, Source{Service: "web", Log: log})
		web.say(strings.Repeat(strings.Repeat("x", 99)+"\n", 1000))
		web.exit()
		flushed(t, m)
		tidied(t, m)
		if names, _ := filesOf(t, log.File.Path); len(names) != keep+1 {
			t.Errorf("keep %d: %v", keep, names)
		}
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{File: service.LogFile{Path: path, Keep: 1, Mode: 0o600}}})
	web.say("line\n")
	web.exit()
	flushed(t, m)
	tidied(t, m)
	for _, name := range strangers {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("a stranger's file: %v", err)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Errorf("%s is still there", left)
	}
}

func TestFileIsRotatedByAge(t *testing.T) {
	var now atomic.Int64
	begin := time.Now()
	m := newMux(t, Options{Out: -1, Err: -1, Clock: func() time.Time { return begin.Add(time.Duration(now.Load())) }})
	path := filepath.Join(t.TempDir(), "web.log")
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Age: time.Hour, Keep: 5, Mode: 0o600}}})
	say := func(text string, n int64) {
		web.say(text)
		eventually(t, text, func() bool { return accountOfTest(t, m, "web", Stdout).Out.Lines == n })
	}
	say("one\n", 1)
	now.Store(int64(59 * time.Minute))
	say("two\n", 2)
	now.Store(int64(61 * time.Minute))
	say("three\n", 3)
	tidied(t, m)
	if names, all := filesOf(t, path); len(names) != 2 || all != "one\ntwo\nthree\n" {
		t.Errorf("%v: %q", names, all)
	}
	if text, _ := os.ReadFile(path); string(text) != "three\n" {
		t.Errorf("the new one: %q", text)
	}
}

// A file that cannot be put aside grows. That is said once, and tried again when
// as much has come as a whole file holds.
func TestFileThatCannotBeRotatedIsTriedAgain(t *testing.T) {
	var now atomic.Int64
	begin := time.Now()
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: func() time.Time { return begin.Add(time.Duration(now.Load())) }})
	path := filepath.Join(t.TempDir(), "web.log")
	taken := path + ".99991231T235959.999999999Z" // no name comes behind that
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 5000, Keep: 5, Mode: 0o600}}})
	line, n := strings.Repeat("x", 999)+"\n", int64(0)
	say := func(lines int) {
		for range lines {
			web.say(line)
			n++
			eventually(t, "a line", func() bool { return accountOfTest(t, m, "web", Stdout).Out.Lines == n })
		}
	}
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	say(12) // tried, and in vain, before the 6th and the 11th
	if size() != 12_000 {
		t.Errorf("it has %d bytes", size())
	}
	web.say(strings.Repeat("y", 6000) + "\n") // longer than a whole file
	n++
	if err := os.Remove(taken); err != nil {
		t.Fatal(err)
	}
	say(1)
	if size() != 1000 {
		t.Errorf("it was not rotated when that was possible: it has %d bytes", size())
	}
	web.exit()
	flushed(t, m)
	wantText(t, "stderr", stderr.all(), "sexton | rotated files of "+path+" are dated in the future (the latest 99991231T235959.999999999Z); new ones get later names, so that older files are removed first; check the clock\n"+
		"sexton | cannot rotate "+path+": there is a rotated file of the year 9999, behind which no other can be named; remove it; it grows meanwhile, and this is tried again\n")
}

// A symbolic link in a file's place is not put aside, nor what it points to: that may
// be somebody's stdout.
func TestLinkIsNotRotated(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	t.Chdir(t.TempDir()) // the way to it is everybody's
	path, target := "web.log", "target"
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 5000, Keep: 5, Mode: 0o600}}})
	want := strings.Repeat(strings.Repeat("x", 999)+"\n", 20)
	web.say(want)
	web.exit()
	flushed(t, m)
	if text, err := os.ReadFile(target); string(text) != want {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if names, _ := filesOf(t, path); len(names) != 1 {
		t.Errorf("there are %v", names)
	}
	wantText(t, "stderr", stderr.all(), "sexton | cannot rotate "+path+": it is a symbolic link; name the file itself; it grows meanwhile, and this is tried again\n")
}

// Who renames a log file has us open it again; who does not gets all lines in
// the file that he has renamed.
func TestReopen(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Mode: 0o600}}})
	say := func(text string, n int64) {
		web.say(text)
		eventually(t, text, func() bool { return accountOfTest(t, m, "web", Stdout).Out.Lines == n })
	}
	say("one\n", 1)
	if err := os.Rename(path, path+"-moved"); err != nil {
		t.Fatal(err)
	}
	say("two\n", 2)
	k := m.sinks()[2]
	m.Reopen()
	eventually(t, "it is closed", func() bool { return !k.file.reopen.Load() && k.idle() })
	say("three\n", 3)
	for name, want := range map[string]string{path + "-moved": "one\ntwo\n", path: "three\n"} {
		if text, err := os.ReadFile(name); string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A file that cannot be written is said once, what it would have got is
// counted, and when it can be written again it is.
func TestFileThatCannotBeOpened(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	t.Chdir(t.TempDir()) // the way to it is everybody's
	dir := "d"
	path := filepath.Join(dir, "web.log")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{File: service.LogFile{Path: path, Mode: 0o600}}})
	for i := range 3 {
		web.say("lost\n")
		eventually(t, "it is dropped", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == int64(i+1) })
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	web.say("found\n")
	web.exit()
	drainedButDropped(t, m)
	if text, _ := os.ReadFile(path); string(text) != "web    | found\n" {
		t.Errorf("got %q", text)
	}
	wantText(t, "stderr", stderr.all(), "sexton | cannot write to "+path+": open: not a directory; "+
		"what services write there is read, counted and dropped until it works again\n"+
		"sexton | "+path+" works again; dropped meanwhile: 3 lines (15 B)\n")
}

// A FIFO without a reader does not hold us up, and one with a slow reader gets
// everything.
func TestFileThatIsAFIFO(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	t.Chdir(t.TempDir()) // the way to it is everybody's
	const path = "fifo"
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: 4096, Keep: 1, Mode: 0o600}}})
	web.say("lost\n")
	eventually(t, "it is dropped", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == 1 })
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	want := strings.Repeat(strings.Repeat("x", 99)+"\n", 10_000)
	go func() {
		web.say(want)
		web.exit()
	}()
	var got bytes.Buffer
	within(t, "reading", func() {
		for buffer := make([]byte, 4096); got.Len() < len(want); {
			n, err := in.Read(buffer)
			if got.Write(buffer[:n]); err != nil && err != io.EOF { // there may be no writer yet
				break
			}
		}
	})
	wantText(t, "the FIFO", got.String(), want)
	drainedButDropped(t, m)
}

// A disk that is really full: what fits is whole, the rest is counted.
func TestFileOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mount: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
	path := filepath.Join(dir, "web.log")
	web := spawn(t, m, Source{Service: "web", Log: service.Log{File: service.LogFile{Path: path, Mode: 0o600}}})
	text := strings.Repeat("x", 110)
	const lines = 2000
	within(t, "writing to a full disk", func() {
		for i := range lines {
			web.say(fmt.Sprintf("%05d %s\n", i, text))
		}
		web.exit()
	})
	drainedButDropped(t, m)
	a := accountOfTest(t, m, "web", Stdout)
	if a.Out.Lines+a.Dropped.Lines != lines || a.Dropped.Lines == 0 || a.Out.Bytes+a.Dropped.Bytes != lines*117 {
		t.Errorf("account %+v", a)
	}
	got, _ := os.ReadFile(path)
	whole := got[:bytes.LastIndexByte(got, '\n')+1]
	wantNumbered(t, "the file", string(whole), "web    | ", 0, int(a.Out.Lines), text)
	if !strings.HasPrefix(stderr.all(), "sexton | cannot write to "+path+": no space left on device; ") {
		t.Errorf("stderr: %s", stderr.all())
	}
}
