package stdio

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sexton/internal/await"
	"sexton/service"
)

// follow begins a run of web that writes to a log file.
func follow(t *testing.T, m *Mux, run service.Run, log service.Log, path string) (file *os.File) {
	t.Helper()
	if err := m.Follow(context.Background(), "web", []string{path}); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(); m.Unfollow("web") })
	o := Source{Service: "web", Run: run, Log: log}
	m.TailOf(o, 0)
	m.TailOf(o, pidOf(run))
	return file
}

// The lines of a log file go where stdout goes, as lines of the run, and Flush reads the file to
// its end, also a line that has no end.
func TestTailed(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out, Clock: testClock()})
	path := filepath.Join(t.TempDir(), "web.log")
	log := service.Log{Format: service.JSON, Recent: 4096}
	file := follow(t, m, 7, log, path)
	_, _ = file.WriteString("one\n")
	await.Until(t, "one is there", func() bool { return strings.Contains(out.String(), `"stream":"tail","run":7,"pid":4711,"line":"one"`) })
	file = follow(t, m, 8, log, path)
	_, _ = file.WriteString("two\nthr")
	flushed(t, m)
	if got := out.all(); !strings.Contains(got, `"run":8,"pid":4712,"line":"two"`) || !strings.Contains(got, `"line":"thr"`) {
		t.Errorf("got %s", got)
	}
	if a := accountOfTest(t, m, "web", Tail); a.In != (Count{Bytes: 11, Lines: 3}) || a.Out != a.In {
		t.Errorf("account %+v", a)
	}
	if recent := m.Recent("web", -1); len(recent) != 3 {
		t.Errorf("recent %q", recent)
	}
}

// While nobody reads our stdout, the lines wait in their file; at the end it is told how much
// was not read.
func TestTailedWaits(t *testing.T) {
	for _, overflow := range []service.Overflow{service.Block, service.Drop} {
		out, err := newReader(t, 0), newReader(t, 0).read()
		m := newMux(t, Options{Out: out.out, Err: err.out})
		path := filepath.Join(t.TempDir(), "web.log")
		file := follow(t, m, 1, service.Log{Overflow: overflow}, path)
		text := numbered(20_000)
		_, _ = file.WriteString(text)
		await.Until(t, "stdout stalls", out.stalled)
		lost := m.Flush(await.Patience/40, await.Patience/40)
		var unread, pending int64
		for _, left := range lost {
			unread, pending = unread+left.Unread, pending+left.Pending.Bytes
		}
		a := accountOfTest(t, m, "web", Tail)
		if unread == 0 || a.In.Bytes+unread != int64(len(text)) || a.Out.Bytes+pending != a.In.Bytes || a.Dropped != (Count{}) || a.In.Bytes > 1<<20 {
			t.Errorf("%v: lost %+v, account %+v, wrote %d", overflow, lost, a, len(text))
		}
		out.read()
		flushed(t, m)
		wantText(t, "stdout", out.all(), "web    | "+strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\nweb    | ")+"\n")
	}
}

// A copy of the lines goes to stdout where they go to a file.
func TestTailedTee(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	log, carried := teeLog(t, service.Drop)
	file := follow(t, m, 1, log, filepath.Join(t.TempDir(), "web.log"))
	text := numbered(5_000)
	_, _ = file.WriteString(text)
	flushed(t, m)
	want := "web    | " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\nweb    | ") + "\n"
	wantText(t, "stdout", out.all(), want)
	got, _ := os.ReadFile(carried)
	wantText(t, "the file", string(got), want)
}
