package destination

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/paths"
)

// No file becomes larger than its size, unless one line does; lines stay whole, and all
// files have the mode that was asked for.
func TestFileIsRotatedBySizeAndKeepsLinesWhole(t *testing.T) {
	for _, compress := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "web.log")
		l := newLog(t, LogFile{Path: path, Size: 5000, Keep: 1000, Compress: compress, Mode: 0o604}, Options{})
		long := strings.Repeat("y", 9000) + "\n"
		want := numbered(0, 120) + long + numbered(120, 180)
		l.say(want[:7000])
		l.say(want[7000:])
		l.compressed()
		names, all := filesOf(t, path)
		if all != want {
			t.Errorf("compress %v: the files have %d bytes, want %d", compress, len(all), len(want))
		}
		for _, name := range names {
			info, err := os.Stat(name)
			if must(t, err); info.Mode() != 0o604 {
				t.Errorf("%s: mode %v", name, info.Mode())
			}
			if text := read(t, name); len(text) > 5000 && text != long || !strings.HasSuffix(text, "\n") {
				t.Errorf("%s has %d bytes", name, len(text))
			}
			if strings.HasSuffix(name, ".gz") != (compress && name != path) {
				t.Errorf("compress %v: %s", compress, name)
			}
		}
		if len(names) != 3+1+4 { // 2400 bytes of the third file are free
			t.Errorf("there are %d files", len(names))
		}
		l.wantReports("")
	}
}

// As many rotated files are kept as was asked for, and what a compression has left that
// was cut off goes. Files of other names stay.
func TestOldRotatedFilesAreRemoved(t *testing.T) {
	for keep := range 3 {
		path := filepath.Join(t.TempDir(), "web.log")
		others := []string{path + ".old", path + ".20260102", path + ".20260102T030405.000000001Z.bz2", filepath.Join(filepath.Dir(path), "other.log.20260102T030405.000000001Z")}
		left := path + ".20250102T030405.000000001Z.gz.part"
		for _, name := range append(others, left) {
			must(t, os.WriteFile(name, []byte("x"), 0o600))
		}
		l := newLog(t, LogFile{Path: path, Size: 4096, Keep: keep, Compress: true}, Options{})
		l.say("first\n")
		if _, err := os.Stat(left); err == nil {
			t.Errorf("%s is still there", left)
		}
		l.say(numbered(0, 400))
		l.compressed()
		for _, name := range others {
			must(t, os.Remove(name)) // each must be there
		}
		if names, _ := filesOf(t, path); len(names) != keep+1 {
			t.Errorf("keep %d: %v", keep, names)
		}
		l.wantReports("")
	}
}

// The first line after a file's age goes to a new one. The age is that of the file, not
// of our process.
func TestFileIsRotatedByAge(t *testing.T) {
	begin := time.Now()
	now := begin
	clock := func() time.Time { return now }
	path := filepath.Join(t.TempDir(), "web.log")
	f := LogFile{Path: path, Age: time.Hour, Keep: 5}
	l := newLog(t, f, Options{Clock: clock})
	l.say("one\n")
	now = begin.Add(59 * time.Minute)
	l = newLog(t, f, Options{Clock: clock})
	l.say("two\n")
	now = begin.Add(61 * time.Minute)
	l.say("three\n")
	if names, all := filesOf(t, path); len(names) != 2 || all != "one\ntwo\nthree\n" || read(t, path) != "three\n" {
		t.Errorf("%v: %q", names, all)
	}
	now = begin.Add(120 * time.Minute)
	if l.say("four\n"); read(t, path) != "three\nfour\n" {
		t.Errorf("the new file was not made at that time: %q", read(t, path))
	}
}

// A file that cannot be put aside grows. That is reported once, and tried again when
// as much has come as a whole file holds.
func TestFileThatCannotBeRotatedIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	taken := path + ".99991231T235959.999999999Z" // no name comes behind that
	must(t, os.WriteFile(taken, nil, 0o600))
	l := newLog(t, LogFile{Path: path, Size: 5000, Keep: 5}, Options{})
	line := strings.Repeat("x", 999) + "\n"
	for range 12 { // tried, and in vain, before the 6th and the 11th
		l.say(line)
	}
	if len(read(t, path)) != 12_000 {
		t.Errorf("it has %d bytes", len(read(t, path)))
	}
	l.say(strings.Repeat("y", 6000) + "\n") // longer than a whole file
	must(t, os.Remove(taken))
	if l.say(line); read(t, path) != line {
		t.Errorf("it was not rotated when that was possible: it has %d bytes", len(read(t, path)))
	}
	l.wantReports("rotated files of " + path + " are dated in the future (the latest 99991231T235959.999999999Z); new ones get later names, so that older files are removed first; check the clock\n" +
		"cannot rotate " + path + ": a rotated file is dated in the year 9999, so no later name is possible; remove it; it grows until a later attempt succeeds\n")
}

// A symbolic link in a file's place is not put aside, nor the file that it points to: that
// may be the stdout of another process.
func TestLinkIsNotRotated(t *testing.T) {
	t.Chdir(t.TempDir()) // the way to it is everybody's
	const path, target = "web.log", "target"
	must(t, os.WriteFile(target, nil, 0o600), os.Symlink(target, path))
	l := newLog(t, LogFile{Path: path, Size: 5000, Keep: 5}, Options{})
	want := numbered(0, 200)
	l.say(want)
	if names, _ := filesOf(t, path); len(names) != 1 || read(t, target) != want {
		t.Errorf("there are %v", names)
	}
	l.wantReports("cannot rotate " + path + ": it is a symbolic link; name the file itself; it grows until a later attempt succeeds\n")
}

// Files that are dated in the future are older than what is rotated now, and go first.
func TestRotatedFilesOfTheFuture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	const last = "20260103T000000.000000003Z"
	for i := range 3 {
		must(t, os.WriteFile(fmt.Sprintf("%s.20260103T000000.00000000%dZ", path, i+1), []byte("old\n"), 0o600))
	}
	l := newLog(t, LogFile{Path: path, Size: 500, Keep: 3}, Options{})
	for i := range 22 { // 4 rotations
		l.say(numbered(i, 1))
		names, all := filesOf(t, path)
		if want := numbered(max(0, i-14), min(i, 14)+1); !strings.HasSuffix(all, want) {
			t.Fatalf("after line %d, not all of the last lines are there: %v", i, names)
		}
	}
	names, _ := filesOf(t, path)
	if len(names) != 4 || slices.Contains(names, path+"."+last) || names[2] <= path+"."+last {
		t.Errorf("there are %v", names)
	}
	l.wantReports("rotated files of " + path + " are dated in the future (the latest " + last +
		"); new ones get later names, so that older files are removed first; check the clock\n")
}

// A clock that is set back in this life does not make the newest file the oldest.
func TestClockSetBack(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	looks := 0
	clock := func() time.Time { looks++; return begin.Add(-time.Duration(looks) * time.Hour) }
	path := filepath.Join(t.TempDir(), "web.log")
	l := newLog(t, LogFile{Path: path, Size: 400, Keep: 2}, Options{Clock: clock})
	for i := range 100 {
		l.say(numbered(i, 1))
	}
	if _, all := filesOf(t, path); len(all) < 900 || all != numbered(100-len(all)/100, len(all)/100) {
		t.Errorf("kept: %d bytes", len(all))
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
