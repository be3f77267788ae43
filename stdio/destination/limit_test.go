package destination

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/paths"
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
	want := numbered(0, 400)
	for what, size := range map[string]int64{"above size": 1 << 20, "without size": 0, "below size": 6000} {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, later %v", what, later), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "web.log")
				l := newLog(t, LogFile{Path: path, Size: size, Keep: 1000}, Options{})
				if !later {
					limitFiles(t, 5050)
				}
				l.say(want[:300])
				if later {
					limitFiles(t, 5050)
				}
				l.say(want[300:])
				names, all := filesOf(t, path)
				for _, name := range names {
					if text := read(t, name); len(text) > 5050 || text[len(text)-1] != '\n' {
						t.Errorf("%s has %d bytes, and ends in %q", name, len(text), text[len(text)-1])
					}
				}
				if all != want {
					t.Errorf("the files have %d bytes, want %d", len(all), len(want))
				}
				l.wantReports("")
			})
		}
	}
}

// A compressed file that does not fit, on a full disk for one, leaves the original as it was, and nothing else.
func TestCompressionThatDoesNotFit(t *testing.T) {
	if !limited(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "web.log")
	old := path + ".20250102T030405.000000001Z"
	text := make([]byte, 100_000)
	for i, random := 0, rand.New(rand.NewPCG(1, 2)); i < len(text); i++ {
		text[i] = byte(random.Uint32())
	}
	must(t, os.WriteFile(path, nil, 0o600), os.WriteFile(old, text, 0o600))
	place, err := paths.Find(path)
	must(t, err)
	defer place.Close()
	limitFiles(t, 5050)
	if err := compress(place, filepath.Base(old)); err != unix.EFBIG {
		t.Errorf("the compression ended with %v", err)
	}
	if names, all := filesOf(t, path); len(names) != 2 || all != string(text) {
		t.Errorf("%v hold %d bytes", names, len(all))
	}
}
