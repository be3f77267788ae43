package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Stdout is a file on a disk that fills up again and again. What sexton says of it at the end is true to the line:
// so many came in, so many are on the disk, whole and in order, so many were dropped.
func TestFullDiskIsAccountedExactly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	needWorld(t)
	sexton, dir := provedSexton(t)
	const rounds, lines, width = 4, 6000, 60
	text := fmt.Sprintf("[service.loud]\noneshot = true\ncommand = \"for i in 1 2 3 4; do %[1]s %[2]d width=%[3]d; until [ -e %[4]s/go-$i ]; do sleep 0.02; done; done\"\n"+
		"log = { format = \"raw\", stderr = \"stderr\" }\n", filepath.Join(filepath.Dir(sexton), "fill-pipe"), lines, width, dir)
	file := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "disk"), 0o700); err != nil {
		t.Fatal(err)
	}
	said := new(heard)
	init := worldOf(exec.Command("/bin/sh", "-c", `
		mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs run /run && mount -t tmpfs -o size=256k disk "$2/disk" || exit 99
		exec "$0" -v -c "$1" >> "$2/disk/out"`, sexton, file, dir))
	init.Stderr = said
	if err := init.Start(); err != nil {
		t.Skip(err)
	}
	defer init.Process.Kill()
	// The disk as sexton sees it; open, it outlives the mount.
	out := filepath.Join(fmt.Sprintf("/proc/%d/root", init.Process.Pid), dir, "disk", "out")
	var got bytes.Buffer
	var open *os.File
	ended := make(chan struct{})
	go func() { _ = init.Wait(); close(ended) }()
	count := func(what string) int { return strings.Count(said.String(), what) }
	bound := time.After(60 * time.Second)
	for full := 0; ; {
		select {
		case <-bound:
			t.Fatalf("not over after a minute: %s", said)
		case <-ended:
		case <-time.After(5 * time.Millisecond):
			if open == nil {
				open, _ = os.OpenFile(out, os.O_RDWR, 0)
				continue
			}
			// While the disk is full nothing can be written: what is there is taken, and the disk is made empty.
			if n := count("no space left"); n > full && n > count("stdout works again;") {
				full = n
				got.Write(onDisk(t, open))
				if err := open.Truncate(0); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("go-", full)), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		break
	}
	if open == nil {
		t.Fatalf("the disk was never seen: %s", said)
	}
	defer open.Close()
	got.Write(onDisk(t, open))
	there, order, cut, again := 0, 0, 0, 0
	for line := range bytes.Lines(got.Bytes()) {
		var n int
		_, err := fmt.Sscanf(string(line), "line %d ", &n)
		switch {
		case len(line) < width && bytes.HasPrefix([]byte("line "), bytes.TrimSuffix(line, []byte("\n"))) || err == nil && len(line) < width:
			cut++ // where the disk was full in the middle of a line; what is written next begins a new one
			continue
		case err != nil || len(line) != width || line[width-1] != '\n':
			t.Fatalf("after line %d: %q", order, line)
		case n <= order:
			again++ // the next round
		}
		there, order = there+1, n
	}
	in, gone, dropped := accountsSaid(said.String())
	if in != rounds*lines || gone != there || dropped != rounds*lines-there || cut > rounds || again >= rounds {
		t.Errorf("%d lines were written, and on the disk are %d, and %d beginnings of one, in %d rounds; it says: %d in, %d out, %d dropped\n%s",
			rounds*lines, there, cut, again+1, in, gone, dropped, said)
	}
	if full := count("no space left"); full < 2 || dropped == 0 {
		t.Errorf("the disk was full %d times, and %d lines were dropped: this proves nothing\n%s", full, dropped, said)
	}
}

func onDisk(t *testing.T, f *os.File) []byte {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, info.Size())
	if _, err := f.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	return text
}
