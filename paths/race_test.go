package paths

import (
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A second name of a file of ours comes and goes as fast as the kernel can, if nothing
// forbids that (we are root, or the file is ours). The file is never opened. Without
// awaitLinks it was, 26 times in 870,000, so without it this test fails only in some runs.
func TestSecondNamesThatComeAndGo(t *testing.T) {
	trusted(t)
	do(t, shared("s"), os.WriteFile("secret", nil, 0o600))
	var secret unix.Stat_t
	do(t, unix.Stat("secret", &secret))
	stop := make(chan struct{})
	var toggling sync.WaitGroup
	for range 2 {
		toggling.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = unix.Link("secret", "s/f"), unix.Unlink("s/f")
				}
			}
		})
	}
	p, met := place(t, "s/f"), 0
	for range 300_000 {
		fd, s, err := p.Open(unix.O_WRONLY | unix.O_APPEND)
		if err == nil {
			_ = unix.Close(fd)
		}
		if err == nil && s.Ino == secret.Ino {
			t.Error("it was opened")
		}
		if err != unix.ENOENT {
			met++
		}
	}
	close(stop)
	toggling.Wait()
	if met == 0 {
		t.Error("the second name was never there")
	}
}
