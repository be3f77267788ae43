package destination

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// trapped makes a directory that others can write to, a file of ours beside it, and names a
// log in it.
func trapped(t *testing.T) (dir, secret string, f LogFile) {
	t.Helper()
	t.Chdir(t.TempDir()) // the way to it is everybody's, and would be the one to blame
	dir, secret = "log", "secret"
	must(t, os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777), os.WriteFile(secret, []byte("root's own\n"), 0o600))
	return dir, secret, LogFile{Path: filepath.Join(dir, "web.log"), Size: 4096, Keep: 2, Mode: 0o640}
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

// A FIFO and a link that bear the names of rotated files hold up nothing, and lead
// nowhere; nor does a link that stands where the compressor will write.
func TestTrapsAmongRotatedFiles(t *testing.T) {
	_, secret, f := trapped(t)
	path := f.Path
	f.Compress, f.Keep = true, 5
	fifo, link, own := path+".20260101T000000.000000001Z", path+".20260101T000000.000000002Z", path+".20260101T000000.000000003Z"
	must(t, unix.Mkfifo(fifo, 0o666), os.Symlink(secret, fifo+unpacked), os.Symlink(secret, link),
		os.WriteFile(own, []byte("kept\n"), 0o604), os.Symlink(secret, own+unpacked), os.Symlink(secret, own+packed))
	l := newLog(t, f, Options{})
	l.say("line\n")
	l.compressed()
	wantSecret(t, secret)
	info, err := os.Lstat(own + packed)
	if err != nil || info.Mode() != 0o604 || read(t, own+packed) != "kept\n" {
		t.Errorf("the file of ours was not compressed: %v, %v", info, err)
	}
	said := l.reports.String()
	for name, why := range map[string]string{fifo: "it is a FIFO", link: "it is a symbolic link"} {
		want := "cannot compress " + filepath.Base(name) + " next to " + path + ": " + why + "; it stays, and sexton goes on with the others\n"
		if !strings.Contains(said, want) || strings.Count(said, "\n") != 2 {
			t.Errorf("reported:\n%s", said)
		}
	}
	l.say(numbered(0, 100))
	l.compressed()
	if again := l.reports.String(); again != said {
		t.Errorf("reported again:\n%s", again)
	}
}

// What a user moves into a rotated file's place can be read afterwards by those who could
// read it before, and by no other user, though the log has another owner.
func TestCompressedCopyIsNoMoreReadableThanItsOriginal(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	dir, _, f := trapped(t)
	must(t, os.Chown(dir, 1234, 1234))
	f.Compress, f.User = true, "somebody"
	moved := f.Path + ".20260101T000000.000000001Z"
	must(t, os.WriteFile(moved, []byte("root's"), 0o600))
	l := newLog(t, f, Options{Owner: func(string, string) (int, int, error) { return 1234, 1234, nil }})
	l.say("line\n")
	l.compressed()
	var s unix.Stat_t
	if must(t, unix.Lstat(moved+packed, &s)); s.Uid != 0 || s.Mode&0o777 != 0o600 {
		t.Errorf("it belongs to %d, mode %o", s.Uid, s.Mode)
	}
	if _, err := os.Lstat(moved); err == nil {
		t.Error("the original is still there")
	}
}

// A directory with a rotated file's name cannot be removed. That is reported once, and the
// others are removed.
func TestWhatCannotBeRemovedIsSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	dir := path + ".20250101T000000.000000001Z"
	must(t, os.Mkdir(dir, 0o700))
	l := newLog(t, LogFile{Path: path, Size: 4096, Keep: 2}, Options{})
	l.say(numbered(0, 400))
	must(t, os.Remove(dir))
	if names, _ := filesOf(t, path); len(names) != 3 {
		t.Errorf("there are %v", names)
	}
	l.wantReports("cannot remove " + filepath.Base(dir) + " next to " + path + ": is a directory; it stays, and sexton goes on with the others\n")
}

// The owner of the directory can make any number of such names, and we do not report all.
func TestTroubleIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	for i := range 100 {
		must(t, os.Mkdir(fmt.Sprintf("%s.20250101T000000.000000%03dZ", path, i), 0o700))
	}
	l := newLog(t, LogFile{Path: path, Size: 4096}, Options{})
	l.say("line\n")
	if text := l.reports.String(); strings.Count(text, "cannot remove") != mostTrouble || !strings.HasSuffix(text, "no more such files are reported\n") || strings.Count(text, "no more such") != 1 {
		t.Errorf("reported:\n%s", text)
	}
}

// A file that never ends, and one that is all holes, hold the compressor up for no longer
// than any other.
func TestEndlessFilesAreNotCompressed(t *testing.T) {
	_, _, f := trapped(t)
	f.Compress, f.Keep = true, 5
	holes, growing := f.Path+".20260101T000000.000000001Z", f.Path+".20260101T000000.000000002Z"
	// Large enough that compressing it takes longer than the writer may have to wait for a processor.
	must(t, os.WriteFile(holes, []byte("x"), 0o600), os.Truncate(holes, 1<<40), os.WriteFile(growing, []byte(strings.Repeat("x", 8<<20)), 0o600))
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
	l := newLog(t, f, Options{})
	l.say("line\n")
	l.compressed()
	for name, why := range map[string]string{holes: "it is almost all holes", growing: "a process still writes to it"} {
		if want := "cannot compress " + filepath.Base(name) + " next to " + f.Path + ": " + why; !strings.Contains(l.reports.String(), want) {
			t.Errorf("reported:\n%s", &l.reports)
		}
	}
}

// Another user can neither end rotation nor have rotated files removed early, by names of the year 9999.
func TestPlantedNamesDoNotCount(t *testing.T) {
	_, _, f := trapped(t)
	planted := f.Path + ".99991231T235959.99999999"
	must(t, os.Mkdir(planted+"9Z", 0o755), unix.Mkfifo(planted+"8Z", 0o600), os.Symlink("x", planted+"7Z"))
	l := newLog(t, f, Options{})
	for range 4 {
		l.say(strings.Repeat("x", 4000) + "\n")
	}
	if n := len(read(t, f.Path)); n != 4001 {
		t.Errorf("it was not rotated: %d bytes", n)
	}
	files, err := filepath.Glob(f.Path + ".2*")
	if must(t, err); len(files) != f.Keep {
		t.Errorf("kept: %q", files)
	}
}

// A spill's directory is reached without links where others can write.
func TestSpillFollowsNoLinkOfOthers(t *testing.T) {
	trapped(t)
	must(t, os.Mkdir("own", 0o700), os.Symlink("../own", "log/way"))
	if _, err := openUnnamed("log/way"); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("through a link: %v", err)
	}
	for _, dir := range []string{"log", "own"} {
		fd, err := openUnnamed(dir)
		must(t, err, unix.Close(fd))
	}
}

// A link in the place of the daemon's socket, in a directory that others can write to, could
// lead to any socket of root's. It is not followed.
func TestSyslogFollowsNoLinkOfOthers(t *testing.T) {
	dir, _, _ := trapped(t)
	daemon := listen(t, "roots")
	must(t, os.Symlink("../roots", dir+"/log"))
	y := NewSyslog("unix:"+dir+"/log", same)
	if _, err := y.Write([]byte("away\n")); err == nil || !strings.Contains(err.Error(), "it is a symbolic link") {
		t.Errorf("through a link: %v", err)
	}
	if text := receive(daemon); text != "" {
		t.Errorf("%q went through the link", text)
	}
}
