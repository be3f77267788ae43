package stdio

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/service"
)

// limitFiles sets RLIMIT_FSIZE for this test.
func limitFiles(t *testing.T, bytes uint64) {
	t.Helper()
	signal.Ignore(unix.SIGXFSZ)
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &before), unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: before.Max}))
	t.Cleanup(func() {
		must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &before))
		signal.Reset(unix.SIGXFSZ)
	})
}

// limited runs the test again in a process of its own, because the limit would hold
// for files of the testing package as well, and tells whether this is that process.
func limited(t *testing.T) bool {
	t.Helper()
	const variable = "SEXTON_TEST_LIMITED"
	if os.Getenv(variable) != "" {
		return true
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	again.Env = append(os.Environ(), variable+"=yes")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	return false
}

// A limit on the size of files rotates as size does, and lines stay whole: one that is
// known when the file is opened, and one that has become lower since.
func TestFileIsRotatedAtTheLimitOnFiles(t *testing.T) {
	if !limited(t) {
		return
	}
	for what, size := range map[string]int64{"above size": 1 << 20, "without size": 0} {
		for _, later := range []bool{false, true} {
			stderr := newReader(t, 0).read()
			m := newMux(t, Options{Out: -1, Err: stderr.out, Clock: testClock()})
			path := filepath.Join(t.TempDir(), "web.log")
			web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Size: size, Keep: 1000, Mode: 0o600}}})
			const lines = 400
			text := strings.Repeat("x", 110)
			for i := range lines {
				if i == 0 && !later || i == 3 && later {
					limitFiles(t, 5000)
				}
				web.say(fmt.Sprintf("%05d %s\n", i, text))
				if i < 3 {
					wrote(t, m, "web", int64(i+1))
				}
			}
			web.exit()
			flushed(t, m)
			names, all := filesOf(t, path)
			for _, name := range names {
				if text, _ := os.ReadFile(name); len(text) > 5000 || text[len(text)-1] != '\n' {
					t.Errorf("%s, later %v: %s has %d bytes, and ends in %q", what, later, name, len(text), text[len(text)-1])
				}
			}
			wantNumbered(t, what, all, "", 0, lines, text)
			wantText(t, what+": stderr", stderr.all(), "")
		}
	}
}
