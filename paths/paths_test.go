package paths

import (
	"errors"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// trusted changes to a new directory that only we can write to. The paths of tests are
// relative to it, because every user can write to /tmp on the way to it.
func trusted(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

func do(t *testing.T, all ...error) {
	t.Helper()
	if err := errors.Join(all...); err != nil {
		t.Fatal(err)
	}
}

// shared creates a directory that others can write to.
func shared(name string) error { return errors.Join(os.Mkdir(name, 0o700), os.Chmod(name, 0o777)) }

func place(t *testing.T, name string) *Place {
	t.Helper()
	p, err := Find(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(p.Close)
	return p
}

// read returns the content of the file that Open finds.
func read(t *testing.T, name string) (string, error) {
	t.Helper()
	p, err := Find(name)
	if err != nil {
		return "", err
	}
	defer p.Close()
	fd, _, err := p.Open(unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	buffer := make([]byte, 100)
	n, err := unix.Read(fd, buffer)
	return string(buffer[:max(0, n)]), err
}

func wantRefused(t *testing.T, name string, err error, words ...string) {
	t.Helper()
	var refused *Refused
	if !errors.As(err, &refused) {
		t.Errorf("%s: %v, and not Refused", name, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", name, err, word)
		}
	}
}

func TestLinksInTrustedDirectoriesAreFollowed(t *testing.T) {
	trusted(t)
	do(t, os.MkdirAll("data/log", 0o755), os.WriteFile("data/log/f", []byte("text"), 0o600),
		os.Symlink("data", "var"), os.Symlink("../var/log/f", "data/link"), os.Symlink("var/log", "log"))
	for _, name := range []string{"var/log/f", "log/f", "var/link", "data/../log/./f", "data//log/f"} {
		if text, err := read(t, name); text != "text" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if p := place(t, "var/link"); !p.Linked || p.Name != "f" || p.Shared != nil {
		t.Errorf("%+v", p)
	}
	if p := place(t, "var/log/f"); p.Linked {
		t.Errorf("%+v", p)
	}
	do(t, os.Symlink("loop", "loop"), os.Symlink("data/new", "dangling"))
	if _, err := read(t, "loop"); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a loop: %v", err)
	}
	p := place(t, "dangling")
	fd, err := p.Create(unix.O_WRONLY, 0o600)
	if do(t, err, unix.Close(fd)); !exists("data/new") {
		t.Error("a link in a trusted directory did not lead to a new file")
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func TestNoLinkIsFollowedInSharedDirectories(t *testing.T) {
	trusted(t)
	secret, _ := filepath.Abs("secret")
	do(t, os.WriteFile("secret", []byte("root's"), 0o600), shared("s"), os.Mkdir("s/own", 0o755), os.WriteFile("s/own/f", []byte("f"), 0o600),
		os.Symlink(secret, "s/abs"), os.Symlink("../secret", "s/rel"), os.Symlink("own/f", "s/beneath"), os.Symlink("own", "s/dir"),
		os.Symlink("../../secret", "s/own/deep"), os.Symlink("s/rel", "in"), os.Symlink("s", "way"))
	for _, name := range []string{"s/abs", "s/rel", "s/beneath", "s/own/deep", "in", "s/dir/f", "way/dir/f", "s/own/../own/f"} {
		text, err := read(t, name)
		if wantRefused(t, name, err, "everybody can write to ", "s"); text != "" {
			t.Errorf("%s: read %q", name, text)
		}
	}
	for _, name := range []string{"s/own/f", "way/own/f"} {
		if text, err := read(t, name); text != "f" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	p := place(t, "s/rel")
	if _, err := p.Create(unix.O_WRONLY, 0o600); err != unix.EEXIST {
		t.Errorf("create over a link: %v", err)
	}
	do(t, p.Rename("moved"), place(t, "s/moved").Remove())
	if !exists("secret") || exists("s/moved") {
		t.Error("a link was not renamed and removed itself")
	}
}

func TestOnlyPlainFilesAreOpenedInSharedDirectories(t *testing.T) {
	trusted(t)
	do(t, shared("s"), os.WriteFile("secret", []byte("root's"), 0o600), os.Link("secret", "s/hard"), unix.Mkfifo("s/fifo", 0o600), unix.Mkfifo("fifo", 0o600))
	for name, word := range map[string]string{"s/hard": "it has 2 names", "s/fifo": "it is a FIFO", "s": ""} {
		p := place(t, name)
		fd, _, err := p.Open(unix.O_RDONLY)
		if word != "" {
			wantRefused(t, name, err, word)
		}
		if err == nil {
			do(t, unix.Close(fd))
		}
	}
	p := place(t, "s/hard")
	if _, _, err := p.Open(unix.O_WRONLY | unix.O_TRUNC); err == nil {
		t.Error("a file with two names was opened")
	}
	if text, err := read(t, "secret"); text != "root's" || err != nil {
		t.Errorf("it was truncated: %q, %v", text, err)
	}
	for _, name := range []string{"s/fifo", "fifo"} {
		p := place(t, name)
		p.FIFO = true
		fd, _, err := p.Open(unix.O_RDONLY)
		do(t, err, unix.Close(fd))
	}
}

// A file in a shared directory that cannot be opened at once, or not at all, is refused: a caller
// can tell this from an error of the disk.
func TestTrapsInSharedDirectoriesAreRefused(t *testing.T) {
	trusted(t)
	do(t, shared("s"), unix.Mkfifo("s/fifo", 0o600), os.Mkdir("s/dir", 0o755), os.WriteFile("s/leased", nil, 0o600), unix.Mkfifo("fifo", 0o600))
	listener, err := net.Listen("unix", "s/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	leased, err := os.Open("s/leased")
	if err != nil {
		t.Fatal(err)
	}
	defer leased.Close()
	signal.Ignore(unix.SIGIO)
	defer signal.Reset(unix.SIGIO)
	names := map[string]string{"s/fifo": "a FIFO", "s/dir": "a directory", "s/socket": "a socket"}
	if _, err := unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err == nil {
		names["s/leased"] = "a lease"
	}
	for name, word := range names {
		p := place(t, name)
		_, _, err := p.Open(unix.O_WRONLY | unix.O_APPEND)
		wantRefused(t, name, err, word)
	}
	if _, err := Find("s/fifo/f"); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a FIFO in the place of a directory: %v", err)
	} else {
		wantRefused(t, "s/fifo/f", err, "is not a directory")
	}
	p := place(t, "fifo")
	if _, _, err := p.Open(unix.O_WRONLY); err != unix.ENXIO {
		t.Errorf("a FIFO elsewhere: %v", err)
	}
}

func TestAFileOfAnotherUserIsNotOpenedInASharedDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	trusted(t)
	do(t, shared("tmp"), os.WriteFile("tmp/f", []byte("x"), 0o644), os.Chown("tmp/f", 1234, 1234), shared("own"), os.Chown("own", 1234, 1234),
		os.WriteFile("own/f", []byte("x"), 0o644), os.Chown("own/f", 1234, 1234), os.WriteFile("f", []byte("x"), 0o644), os.Chown("f", 1234, 1234))
	p := place(t, "tmp/f")
	_, _, err := p.Open(unix.O_WRONLY)
	wantRefused(t, "tmp/f", err, "it belongs to UID 1234", "everybody")
	p.Owner = 1234
	fd, _, err := p.Open(unix.O_WRONLY)
	do(t, err, unix.Close(fd))
	for _, name := range []string{"own/f", "f"} {
		fd, _, err := place(t, name).Open(unix.O_WRONLY)
		do(t, err, unix.Close(fd))
	}
	if text, err := read(t, "tmp/f"); text != "x" || err != nil {
		t.Errorf("to be read: %q, %v", text, err)
	}
}

func TestMakeMakesDirectories(t *testing.T) {
	trusted(t)
	do(t, os.Symlink("there", "link"), os.Mkdir("there", 0o755), shared("s"), os.Symlink("/nowhere", "s/link"))
	p, err := Make("link/a/b/f")
	do(t, err)
	defer p.Close()
	if !exists("there/a/b") || exists("there/a/b/f") || p.Name != "f" {
		t.Errorf("%+v", p)
	}
	_, err = Make("s/link/a/f")
	wantRefused(t, "s/link/a/f", err, "symbolic link")
	p, err = Make("s/a/f")
	do(t, err)
	defer p.Close()
	if p.Shared == nil || !strings.HasSuffix(p.Shared.Dir, "s") {
		t.Errorf("%+v", p)
	}
}

func TestDirectory(t *testing.T) {
	trusted(t)
	do(t, os.Mkdir("d", 0o755), os.Symlink("d", "link"), os.WriteFile("d/f", nil, 0o600), os.WriteFile("d/g", nil, 0o600))
	p, err := Directory("link")
	do(t, err)
	defer p.Close()
	names, err := p.Names(func(name string) bool { return name != "g" })
	if len(names) != 1 || names[0] != "f" || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	for name, want := range map[string]error{"d/f": unix.ENOTDIR, "d/none": unix.ENOENT} {
		if _, err := Directory(name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := place(t, "/"); p.Name != "." {
		t.Errorf("%+v", p)
	}
	if _, err := Find("d/.."); err != unix.EISDIR {
		t.Errorf("d/..: %v", err)
	}
}

// A socket is reached by its name if only we can write there, otherwise by a descriptor. No connection goes to
// a socket that others may have put in its place.
func TestSocket(t *testing.T) {
	trusted(t)
	do(t, shared("s"))
	for _, name := range []string{"socket", "s/socket", "s/others"} {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		do(t, err)
		defer unix.Close(fd)
		do(t, unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
	}
	do(t, os.Symlink("../socket", "s/link"), os.WriteFile("s/file", nil, 0o600), os.Symlink("socket", "link"))
	connects := func(name string) error {
		held, done, err := Socket(name)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		do(t, err)
		defer unix.Close(fd)
		// A replacement is not reached now.
		if name == "s/socket" {
			do(t, os.Rename(name, "s/old"), os.Symlink("nowhere", name))
		}
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: held})
		done()
		return err
	}
	for _, name := range []string{"socket", "link", "s/socket"} {
		if err := connects(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantRefused(t, "s/link", connects("s/link"), "it is a symbolic link")
	wantRefused(t, "s/file", connects("s/file"), "it is not a socket")
	if os.Geteuid() == 0 {
		do(t, os.Chown("s/others", 12345, -1))
		wantRefused(t, "s/others", connects("s/others"), "it belongs to UID 12345")
	}
	if err := connects("s/none"); err != unix.ENOENT {
		t.Errorf("nothing there: %v", err)
	}
}

// In many images the log file is a link to /dev/stdout, which leads through /proc to
// our own descriptor, and that may be a pipe.
func TestLinksOfProcAreFollowed(t *testing.T) {
	trusted(t)
	var ends [2]int
	do(t, unix.Pipe(ends[:]))
	defer func() { _, _ = unix.Close(ends[0]), unix.Close(ends[1]) }()
	do(t, os.Symlink("/proc/self/fd/"+strconv.Itoa(ends[1]), "stdout"), os.Symlink("stdout", "access.log"), os.WriteFile("f", []byte("f"), 0o600))
	p := place(t, "access.log")
	fd, s, err := p.Open(unix.O_WRONLY | unix.O_APPEND)
	do(t, err)
	defer unix.Close(fd)
	if !p.Linked || s.Mode&unix.S_IFMT != unix.S_IFIFO {
		t.Errorf("%+v, mode %o", p, s.Mode)
	}
	if text, err := read(t, "/proc/self/cwd/f"); text != "f" || err != nil {
		t.Errorf("through /proc: %q, %v", text, err)
	}
}

// A ConfigMap is a directory of mode 0777 with links, mounted read-only.
func TestLinksOnReadOnlyMounts(t *testing.T) {
	trusted(t)
	do(t, shared("map"))
	if err := unix.Mount("none", "map", "tmpfs", 0, "mode=0777"); err != nil {
		t.Skipf("mount: %v", err)
	}
	defer func() { _ = unix.Unmount("map", unix.MNT_DETACH) }()
	do(t, os.Mkdir("map/..1", 0o755), os.WriteFile("map/..1/key", []byte("value"), 0o644), os.Symlink("..1", "map/..data"), os.Symlink("..data/key", "map/key"),
		os.Symlink("..1/key", "map/theirs"), os.Lchown("map/theirs", 1234, 1234))
	_, err := read(t, "map/key")
	wantRefused(t, "map/key", err, "symbolic link")
	do(t, unix.Mount("none", "map", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if text, err := read(t, "map/key"); text != "value" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	_, err = read(t, "map/theirs")
	wantRefused(t, "map/theirs", err, "symbolic link that belongs to UID 1234")
}

func TestOthers(t *testing.T) {
	for _, c := range []struct {
		uid, gid int
		mode     uint32
		want     string
	}{
		{0, 0, 0o755, ""}, {1000, 5, 0o755, ""}, {0, 0, 0o1777, "everybody"}, {0, 7, 0o2775, "group 7"}, {0, 0, 0o775, "group 0"},
		{1001, 0, 0o500, "UID 1001"}, {1000, 0, 0o702, "everybody"},
	} {
		if got := Others(&unix.Stat_t{Uid: uint32(c.uid), Gid: uint32(c.gid), Mode: c.mode}, 1000); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
