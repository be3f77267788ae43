package destination

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// What an earlier sexton has left: each test is one life after another on the same volume.

// A file that is full already is rotated before the first line: no file becomes larger than its size.
func TestAFullFileIsRotatedBeforeTheFirstLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	must(t, os.WriteFile(path, []byte(numbered(0, 200)[:4000]), 0o600))
	l := newLog(t, LogFile{Path: path, Size: 4000, Keep: 5}, Options{})
	l.say("first line of this life\n")
	if text := read(t, path); text != "first line of this life\n" {
		t.Errorf("the file has %d bytes", len(text))
	}
	if names, _ := filesOf(t, path); len(names) != 2 {
		t.Errorf("there are %v", names)
	}
	l.wantReports("")
}

// A compression that was cut off is begun anew.
func TestACompressionThatWasCutOffIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	old := "web.log.20250102T030405.000000001Z"
	must(t, os.WriteFile(path, nil, 0o600), os.WriteFile(path+old[len("web.log"):], []byte("old\n"), 0o600))
	must(t, os.WriteFile(path+old[len("web.log"):]+unpacked, []byte("half of it"), 0o600))
	place, err := paths.Find(path)
	must(t, err)
	defer place.Close()
	must(t, compress(place, old))
	names, all := filesOf(t, path)
	if len(names) != 2 || !slices.Contains(names, path+old[len("web.log"):]+packed) || all != "old\n" {
		t.Errorf("%v hold %q", names, all)
	}
}

// A file that is cut while it is compressed ends there: the compressor works for all logs, and must not read for ever.
func TestACutFileEnds(t *testing.T) {
	fd, err := unix.MemfdCreate("log", unix.MFD_CLOEXEC)
	must(t, err)
	defer unix.Close(fd)
	if n, err := plain(fd).Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("the end reads as %d, %v", n, err)
	}
}
