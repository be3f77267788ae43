package destination

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever is put in and taken out in whatever order: what comes out is what went in, in
// its order, less the oldest stretches that were said to be dropped. The file is never
// larger than it may be, has no name, and is closed when nothing is in it.
func TestSpillKeepsTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	for range 40 {
		limit := 100 + random.Int64N(1000)
		p := NewSpill(dir, limit)
		var want [][]byte // stretches, oldest first
		for next := range 200 {
			if random.IntN(3) == 0 && len(want) > 0 {
				lines, err := p.Get()
				if must(t, err); !bytes.Equal(lines, want[0]) {
					t.Fatalf("limit %d: got %q, want %q", limit, lines, want[0])
				}
				want = want[1:]
				continue
			}
			lines := []byte(strings.Repeat(fmt.Sprintf("%06d\n", next), 1+random.IntN(12)))
			most := random.IntN(2) * 60
			dropped, joined, err := p.Put(lines, most)
			must(t, err)
			want = want[dropped:]
			if joined {
				last := len(want) - 1
				if want[last] = append(want[last], lines...); len(want[last]) > most {
					t.Fatalf("a stretch of %d bytes, at most %d", len(want[last]), most)
				}
			} else {
				want = append(want, lines)
			}
			if sum := len(bytes.Join(want, nil)); int64(sum) > limit || dropped > 0 && int64(sum) < limit/2-84 {
				t.Fatalf("%d bytes in a file of %d, %d dropped", sum, limit, dropped)
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Fatalf("left in the directory: %v", entries)
		}
		for _, stretch := range want {
			lines, err := p.Get()
			if must(t, err); !bytes.Equal(lines, stretch) {
				t.Fatalf("at the end: got %q, want %q", lines, stretch)
			}
		}
		if p.fd >= 0 {
			t.Error("still open")
		}
	}
}

// What cannot be kept is an error: lines that are longer than the file may be, a directory
// that is missing, a disk that takes nothing.
func TestSpillThatTakesNothing(t *testing.T) {
	p := NewSpill(t.TempDir(), 10)
	if _, _, err := p.Put([]byte("01234567890"), 0); err == nil || err.Error() != "a line of 11 bytes is longer than the file may be" || p.fd >= 0 {
		t.Errorf("too long: %v", err)
	}
	if _, _, err := p.Put([]byte("0123456789"), 0); err != nil {
		t.Errorf("just fits: %v", err)
	}
	_, err := p.Get()
	must(t, err)
	if _, _, err := NewSpill("/nonexistent", 10).Put([]byte("x"), 0); err == nil || err.Error() != "cannot make a file in /nonexistent: no such file or directory" {
		t.Errorf("no directory: %v", err)
	}
	_, _, err = p.Put([]byte("x"), 0)
	must(t, err)
	full, err := unix.Open("/proc/self/fd/"+strconv.Itoa(p.fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err, unix.Dup3(full, p.fd, unix.O_CLOEXEC), unix.Close(full))
	if dropped, _, err := p.Put([]byte("y"), 0); err == nil || !strings.HasPrefix(err.Error(), "pwrite: ") || dropped != 0 {
		t.Errorf("a disk that takes nothing: %v", err)
	}
	if lines, err := p.Get(); string(lines) != "x" || err != nil || p.fd >= 0 {
		t.Errorf("what it took: %q, %v", lines, err)
	}
}
