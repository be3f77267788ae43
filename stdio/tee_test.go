package stdio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sexton/internal/await"
	"sexton/service"
)

func teeLog(t *testing.T, o service.Overflow) (log service.Log, path string) {
	path = filepath.Join(t.TempDir(), "web.log")
	return service.Log{Tee: true, Overflow: o, File: service.LogFile{Path: path, Mode: 0o600}}, path
}

func numbered(lines int) (text string) {
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "%06d %s\n", i, strings.Repeat("x", i%200))
	}
	return b.String()
}

// The file and our stdout get the same lines, each in its own way, also those of a second run and
// a last one without its end.
func TestTee(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out, ColorOut: true})
	log, path := teeLog(t, service.Block)
	for run := range 2 {
		web := spawn(t, m, Source{Service: "web", Run: service.Run(run), Log: log})
		web.say("one\ntwo")
		_, _ = web.err.WriteString("three\n")
		web.exit()
		flushed(t, m)
	}
	text, _ := os.ReadFile(path)
	for _, line := range []string{"web    | one\n", "web    | two\n", "web    | three\n"} {
		if strings.Count(string(text), line) != 2 {
			t.Errorf("the file has %q", text)
		}
	}
	if got := out.all(); strings.Count(got, "\x1b[0m one\n") != 2 || strings.Count(got, "\x1b[0m two\n") != 2 {
		t.Errorf("stdout has %q", got)
	}
	wantText(t, "stderr", err.all(), "web    | three\nweb    | three\n")
	for stream, want := range map[string]Count{Stdout: {Bytes: 14, Lines: 4}, "stdout-tee": {Bytes: 14, Lines: 4}, Stderr: {Bytes: 12, Lines: 2}, "stderr-tee": {Bytes: 12, Lines: 2}} {
		if a := accountOfTest(t, m, "web", stream); a.In != want || a.Out != want || a.Dropped != (Count{}) {
			t.Errorf("%s: %+v", stream, a)
		}
	}
}

// While nobody reads our stdout, the service waits, and nothing is lost in either place.
func TestTeeWaitsForStdout(t *testing.T) {
	out, err := newReader(t, 0), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	log, path := teeLog(t, service.Block)
	log.MaxLine = 256
	web := spawn(t, m, Source{Service: "web", Log: log})
	text := numbered(20_000)
	written := make(chan struct{})
	go func() {
		web.say(text)
		web.exit()
		close(written)
	}()
	await.Until(t, "stdout stalls", out.stalled)
	if a := accountOfTest(t, m, "web", Stdout); a.In.Bytes > 1<<20 {
		t.Errorf("it goes on reading: %+v", a)
	}
	out.read()
	<-written
	flushed(t, m)
	want := "web    | " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\nweb    | ") + "\n"
	wantText(t, "stdout", out.all(), want)
	file, _ := os.ReadFile(path)
	wantText(t, "the file", string(file), want)
}

// A service that never waits loses lines in the place that stalls, and only there.
func TestTeeDrops(t *testing.T) {
	out, err := newReader(t, 0), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	log, path := teeLog(t, service.Drop)
	web := spawn(t, m, Source{Service: "web", Log: log})
	const lines = 20_000
	text := numbered(lines)
	within(t, "writing", func() { web.say(text) })
	await.Until(t, "the file has all", func() bool {
		a := accountOfTest(t, m, "web", Stdout)
		return a.Out.Lines+a.Dropped.Lines == lines
	})
	web.exit()
	out.read()
	drainedButDropped(t, m)
	for _, stream := range []string{Stdout, "stdout-tee"} {
		if a := accountOfTest(t, m, "web", stream); a.In.Bytes != int64(len(text)) || a.Pending() != (Count{}) {
			t.Errorf("%s: %+v", stream, a)
		}
	}
	if a := accountOfTest(t, m, "web", "stdout-tee"); a.Dropped.Lines == 0 {
		t.Errorf("nothing was dropped: %+v", a)
	}
	if file, _ := os.ReadFile(path); !strings.HasSuffix(string(file), text[len(text)-100:]) {
		t.Error("the file has no end")
	}
}

// A file that fails loses its lines, and the copy does not.
func TestTeeOfAFileThatFails(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Tee: true, File: service.LogFile{Path: "/proc/nowhere/web.log", Mode: 0o600}}})
	web.say("one\n")
	web.exit()
	drainedButDropped(t, m)
	wantText(t, "stdout", out.all(), "web    | one\n")
	if a := accountOfTest(t, m, "web", Stdout); a.Dropped.Lines != 1 {
		t.Errorf("%+v", a)
	}
}

// Each output may go its own way.
func TestOneDestinationEach(t *testing.T) {
	out, err := newReader(t, 0).read(), newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: err.out})
	path := filepath.Join(t.TempDir(), "err.log")
	log := service.Log{Stderr: &service.Destination{File: service.LogFile{Path: path, Mode: 0o600}}}
	web := spawn(t, m, Source{Service: "web", Log: log})
	web.say("one\n")
	_, _ = web.err.WriteString("two\n")
	web.exit()
	flushed(t, m)
	wantText(t, "stdout", out.all(), "web    | one\n")
	file, _ := os.ReadFile(path)
	wantText(t, "the file", string(file), "web    | two\n")
}
