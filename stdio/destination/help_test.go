package destination

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sexton/internal/await"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// testClock is a clock that steps by a millisecond with each look.
func testClock() func() time.Time {
	var looks atomic.Int64
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { return begin.Add(time.Duration(looks.Add(1)) * time.Millisecond) }
}

// reports keeps what a set reports, a line for each.
type reports struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *reports) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(text + "\n")
}

func (r *reports) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// testLog is a file of a set of its own, and what was reported.
type testLog struct {
	*File
	t *testing.T
	reports
}

func newLog(t *testing.T, f LogFile, o Options) *testLog {
	t.Helper()
	l := &testLog{t: t}
	if o.Clock == nil {
		o.Clock = testClock()
	}
	if f.Mode == 0 {
		f.Mode = 0o600
	}
	o.Say, o.Ending = l.reports.say, func() bool { return false }
	set := NewSet(o)
	l.File = set.File(f)
	t.Cleanup(func() {
		l.shut()
		await.Until(t, "the compressor is idle", set.Idle)
	})
	return l
}

// say writes lines to the file, which must take them.
func (l *testLog) say(text string) {
	l.t.Helper()
	if n, err := Write(l.File, []byte(text), Await); n != len(text) || err != nil {
		l.t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
}

// compressed waits until all rotated files are compressed.
func (l *testLog) compressed() {
	l.t.Helper()
	await.Until(l.t, "the rotated files are compressed", l.set.Idle)
}

func (l *testLog) wantReports(want string) {
	l.t.Helper()
	if got := l.reports.String(); got != want {
		l.t.Errorf("reported:\n%swant:\n%s", got, want)
	}
}

// numbered are so many lines of 100 bytes, numbered from the first.
func numbered(first, lines int) string {
	var all strings.Builder
	for i := range lines {
		fmt.Fprintf(&all, "%05d %s\n", first+i, strings.Repeat("x", 93))
	}
	return all.String()
}

// filesOf are the rotated files of a log, oldest first, and the log itself, with all that
// is in them.
func filesOf(t *testing.T, path string) (names []string, text string) {
	t.Helper()
	names, err := filepath.Glob(path + ".*")
	must(t, err)
	slices.Sort(names)
	names = append(names, path)
	var all strings.Builder
	for _, name := range names {
		all.WriteString(read(t, name))
	}
	return names, all.String()
}

// read is what a file has, compressed or not.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	must(t, err)
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		must(t, err)
		data, err = io.ReadAll(z)
		must(t, err)
	}
	return string(data)
}
