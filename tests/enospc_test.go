package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const fullRounds, fullLines, fullWidth = 4, 6000, 60

// smallDisk is a disk that is the stdout of a sexton and that fills up again and again.
type smallDisk struct {
	file *os.File     // as sexton sees it; open, it outlives the mount
	got  bytes.Buffer // what was on it before it was emptied
	said *heard       // stderr of sexton
}

// startOnSmallDisk starts a sexton in namespaces of its own, with stdout on a disk of 256 KiB.
// Its service writes the lines of a round, and begins the next when the file go-N exists.
func startOnSmallDisk(t *testing.T, dir, sexton string, said *heard) (init *exec.Cmd, out string) {
	t.Helper()
	text := fmt.Sprintf("[service.loud]\noneshot = true\ncommand = \"for i in 1 2 3 4; do %[1]s %[2]d width=%[3]d; until [ -e %[4]s/go-$i ]; do sleep 0.02; done; done\"\n"+
		"log = { format = \"raw\", stderr = \"stderr\" }\n", filepath.Join(filepath.Dir(sexton), "fill-pipe"), fullLines, fullWidth, dir)
	file := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "disk"), 0o700); err != nil {
		t.Fatal(err)
	}
	init = worldOf(exec.Command("/bin/sh", "-c", `
		mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs run /run && mount -t tmpfs -o size=256k disk "$2/disk" || exit 99
		exec "$0" -v -c "$1" >> "$2/disk/out"`, sexton, file, dir))
	init.Stderr = said
	if err := init.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { init.Process.Kill() })
	return init, filepath.Join(fmt.Sprintf("/proc/%d/root", init.Process.Pid), dir, "disk", "out")
}

// emptyWhenFull takes what is on the disk and empties it, each time when it is full, until sexton ends.
func (d *smallDisk) emptyWhenFull(t *testing.T, init *exec.Cmd, out, dir string) {
	t.Helper()
	ended := make(chan struct{})
	go func() { _ = init.Wait(); close(ended) }()
	bound := time.After(60 * time.Second)
	for full := 0; ; {
		select {
		case <-bound:
			t.Fatalf("not over after a minute: %s", d.said)
		case <-ended:
			return
		case <-time.After(5 * time.Millisecond):
		}
		if d.file == nil {
			d.file, _ = os.OpenFile(out, os.O_RDWR, 0)
			continue
		}
		// While the disk is full, sexton cannot write to it.
		if n := d.said.count("no space left"); n > full && n > d.said.count("stdout works again;") {
			full = n
			d.take(t)
			if err := d.file.Truncate(0); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("go-", full)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// take adds what is on the disk to what was taken before.
func (d *smallDisk) take(t *testing.T) {
	t.Helper()
	info, err := d.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, info.Size())
	if _, err := d.file.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	d.got.Write(text)
}

// lines counts the whole lines that arrived, the beginnings of lines that the full disk cut off, and the rounds. The
// lines of a round must be in order.
func (d *smallDisk) lines(t *testing.T) (whole, cut, rounds int) {
	t.Helper()
	order, rounds := 0, 1
	for line := range bytes.Lines(d.got.Bytes()) {
		var n int
		_, err := fmt.Sscanf(string(line), "line %d ", &n)
		switch {
		case len(line) < fullWidth && bytes.HasPrefix([]byte("line "), bytes.TrimSuffix(line, []byte("\n"))) || err == nil && len(line) < fullWidth:
			cut++ // the disk was full in the middle of a line; the next write begins a new line
			continue
		case err != nil || len(line) != fullWidth || line[fullWidth-1] != '\n':
			t.Fatalf("after line %d: %q", order, line)
		case n <= order:
			rounds++
		}
		whole, order = whole+1, n
	}
	return whole, cut, rounds
}

// Stdout is a file on a disk that fills up again and again. What sexton says about it at the end is exact: how many
// lines came in, how many are on the disk, whole and in order, and how many were dropped.
func TestFullDiskIsAccountedExactly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	needWorld(t)
	sexton, dir := provedSexton(t)
	d := &smallDisk{said: new(heard)}
	init, out := startOnSmallDisk(t, dir, sexton, d.said)
	d.emptyWhenFull(t, init, out, dir)
	if d.file == nil {
		t.Fatalf("the test never saw the disk: %s", d.said)
	}
	defer d.file.Close()
	d.take(t)
	whole, cut, rounds := d.lines(t)
	const written = fullRounds * fullLines
	in, gone, dropped := accountsSaid(d.said.String())
	if in != written || gone != whole || dropped != written-whole || cut > fullRounds || rounds > fullRounds {
		t.Errorf("the service wrote %d lines; the disk got %d lines and %d beginnings of lines in %d rounds; sexton says: %d in, %d out, %d dropped\n%s",
			written, whole, cut, rounds, in, gone, dropped, d.said)
	}
	if full := d.said.count("no space left"); full < 2 || dropped == 0 {
		t.Errorf("the disk was full %d times, and %d lines were dropped: this proves nothing\n%s", full, dropped, d.said)
	}
}
