package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sexton/internal/await"
	"sexton/service"
)

// testClock is a clock that steps by a millisecond with each look.
func testClock() func() time.Time {
	var looks atomic.Int64
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { return begin.Add(time.Duration(looks.Add(1)) * time.Millisecond) }
}

// A program that renames a log file has us open it again. Without that all lines go to the
// renamed file.
func TestReopen(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Mode: 0o600}}})
	say := func(text string, n int64) {
		web.say(text)
		await.Until(t, text, func() bool { return accountOfTest(t, m, "web", Stdout).Out.Lines == n })
	}
	say("one\n", 1)
	if err := os.Rename(path, path+"-moved"); err != nil {
		t.Fatal(err)
	}
	say("two\n", 2)
	m.Reopen()
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
		await.Until(t, "it is dropped", func() bool { return accountOfTest(t, m, "web", Stdout).Dropped.Lines == int64(i+1) })
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
		"output for it is counted and dropped until writing works again\n"+
		"sexton | "+path+" works again; dropped meanwhile: 3 lines (15 B)\n")
}

// Services may share a file: their lines are whole in it, and in order. It is rotated.
func TestServicesShareAFile(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	log := service.Log{File: service.LogFile{Path: path, Size: 5000, Keep: 1000, Mode: 0o600}}
	web, worker := spawn(t, m, Source{Service: "web", Log: log}), spawn(t, m, Source{Service: "worker", Log: log})
	const lines = 200
	text := strings.Repeat("x", 110)
	for i := range lines {
		web.say(fmt.Sprintf("%05d %s\n", i, text))
		worker.say("hello\n")
	}
	web.exit()
	worker.exit()
	flushed(t, m)
	names, err := filepath.Glob(path + ".*")
	must(t, err)
	slices.Sort(names)
	var all strings.Builder
	for _, name := range append(names, path) {
		data, err := os.ReadFile(name)
		must(t, err)
		all.Write(data)
	}
	if len(names) < lines*126/5000 || strings.Count(all.String(), "worker | hello\n") != lines {
		t.Errorf("%d rotated files, %d lines of the worker", len(names), strings.Count(all.String(), "worker | hello\n"))
	}
	wantNumbered(t, "the files", strings.ReplaceAll(all.String(), "worker | hello\n", ""), "web    | ", 0, lines, text)
}
