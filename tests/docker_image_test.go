package tests

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"sexton/internal/story"
)

// servicesFile is in every image, at /srv/services.toml.
const servicesFile = `[init]
grace = "5s"
[service.db]
command = ["http-hello", "127.0.0.1:5432", "name=db"]
ready = { tcp = "127.0.0.1:5432" }
[service.web]
command = ["worker", "web"]
needs = ["db"]
`

// loneFile is in every image, at /srv/lone.toml.
const loneFile = "[service.lone]\ncommand = [\"worker\", \"lone\"]\n"

// terminalFile is in every image, at /srv/terminal.toml.
const terminalFile = `[init]
main = "web"
[service.web]
command = ["terminal", "web", "status=3"]
tty = "pty"
`

// pidFileServices is in every image, at /srv/pid-file.toml.
const pidFileServices = `[service.first]
command = ["pid-file", "/data/pid"]
[service.second]
command = ["worker", "second"]
`

// scratchImage imports an image of nothing but the binary, the helpers and a
// file, and returns its name.
func scratchImage(t *testing.T) string {
	t.Helper()
	return importImage(t, "scratch", nil)
}

// shellImage imports an image with a user land and a shell.
func shellImage(t *testing.T) string {
	t.Helper()
	needDocker(t)
	if os.Getenv("SEXTON_DEBOOTSTRAP") == "1" {
		return importImage(t, "debian", debian(t))
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox is installed, and SEXTON_DEBOOTSTRAP is not 1")
	}
	return importImage(t, "busybox", func(w *tar.Writer) error {
		for _, name := range []string{"sh", "ls", "cat", "sleep", "grep", "kill", "ps", "true"} {
			if err := addLink(w, "bin/"+name, "busybox"); err != nil {
				return err
			}
		}
		return addFile(w, "bin/busybox", busybox)
	})
}

// fileIn puts a file with that text into an image.
func fileIn(name, text string) func(*tar.Writer) error {
	return func(w *tar.Writer) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err := io.WriteString(w, text)
		return err
	}
}

// importImage makes an image of what every image holds and what more adds.
func importImage(t *testing.T, name string, more func(*tar.Writer) error) string {
	t.Helper()
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := story.Helpers()
	if err != nil {
		t.Fatal(err)
	}
	changes := []string{`ENTRYPOINT ["/sexton"]`, "ENV PATH=/opt:/usr/sbin:/usr/bin:/sbin:/bin"}
	return importTar(t, name, changes, func(w *tar.Writer) error { return writeImage(w, binary, bin, more) })
}

// importTar makes an image of what fill puts into it, to be removed when the
// test is over; changes are instructions of a Dockerfile.
func importTar(t *testing.T, name string, changes []string, fill func(*tar.Writer) error) string {
	t.Helper()
	needDocker(t)
	tag := fmt.Sprintf("sexton-test-%s:%d-%d", name, os.Getpid(), containers.Add(1))
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	cmd := exec.Command("docker", append(args, "-", tag)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", tag).Run() })
	w := tar.NewWriter(in)
	if err := errors.Join(fill(w), w.Close(), in.Close(), cmd.Wait()); err != nil {
		t.Fatalf("docker import: %v\n%s", err, &out)
	}
	return tag
}

func writeImage(w *tar.Writer, binary, bin string, more func(*tar.Writer) error) error {
	if more != nil {
		if err := more(w); err != nil {
			return err
		}
	}
	if err := errors.Join(fileIn("srv/services.toml", servicesFile)(w), fileIn("srv/lone.toml", loneFile)(w), fileIn("srv/terminal.toml", terminalFile)(w), fileIn("srv/pid-file.toml", pidFileServices)(w)); err != nil {
		return err
	}
	if err := errors.Join(addFile(w, "sexton", binary), addLink(w, "opt/tini", "/sexton"), addFile(w, "opt/helper", filepath.Join(bin, "helper"))); err != nil {
		return err
	}
	entries, err := os.ReadDir(bin)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type()&fs.ModeSymlink != 0 {
			if err := addLink(w, "opt/"+entry.Name(), "helper"); err != nil {
				return err
			}
		}
	}
	return nil
}

func addFile(w *tar.Writer, name, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func addLink(w *tar.Writer, name, target string) error {
	return w.WriteHeader(&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink})
}

// plainFiles hides what a tar file of package tar cannot carry.
type plainFiles struct{ fs.ReadLinkFS }

func (p plainFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(p.ReadLinkFS, name)
	var kept []fs.DirEntry
	for _, entry := range entries {
		if entry.Type()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) == 0 {
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// notNeeded is what an image leaves out of Debian, because each layer of an image
// is compared with the one below, file by file: texts, Perl, and the
// compiler that PostgreSQL does without when it is not there.
var notNeeded = regexp.MustCompile(`^(var/cache|var/lib/apt|usr/share/(doc|man|locale|i18n|perl)|usr/lib/[^/]+/(perl[^/]*|gconv)|usr/lib/postgresql/\d+/lib/bitcode)/.|/(libLLVM|libz3|llvmjit)[^/]*$`)

// neededFiles hides the files of a tree that are not needed.
type neededFiles struct{ plainFiles }

func (n neededFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := n.plainFiles.ReadDir(name)
	var kept []fs.DirEntry
	for _, entry := range entries {
		if !notNeeded.MatchString(filepath.Join(name, entry.Name())) {
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// debian adds a small Debian with the packages that the examples install, kept
// for next time.
func debian(t *testing.T) func(*tar.Writer) error {
	t.Helper()
	const dir = "/var/tmp/sexton-debian-bookworm-examples"
	debootstrap(t, dir, "--include=nginx-light,redis-server,postgresql,curl")
	return func(w *tar.Writer) error {
		return w.AddFS(neededFiles{plainFiles{os.DirFS(dir).(fs.ReadLinkFS)}})
	}
}

// debootstrap makes a Debian in a directory, unless it is there from last time.
func debootstrap(t *testing.T, dir string, flags ...string) {
	t.Helper()
	if _, err := os.Stat(dir + "/bin/sh"); err == nil {
		return
	}
	// Under another name until it is whole.
	half, err := os.MkdirTemp(filepath.Dir(dir), "sexton-debian-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(half)
	out, err := exec.Command("debootstrap", append(append([]string{"--variant=minbase"}, flags...), "bookworm", half)...).CombinedOutput()
	if err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, out)
	}
	if err := errors.Join(os.Chmod(half, 0o755), os.Rename(half, dir)); err != nil {
		t.Fatal(err)
	}
}
