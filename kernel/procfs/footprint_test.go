package procfs

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/proc"
)

// Six processes that share 40 MiB hold it once, and each its own memory besides; a process that has left for another parent
// belongs to its group still, and one of another session to its ancestor.
func TestFootprintCountsSharedMemoryOnce(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 here")
	}
	const script = `
import mmap, os, sys, time
m = mmap.mmap(-1, 40 << 20)
m[:] = b"x" * (40 << 20)
for i in range(5):
    if os.fork() == 0:
        if i == 0: os.setsid()
        m[:] = b"y" * (40 << 20)
        own = b"z" * (10 << 20)
        print("here", flush=True)
        time.sleep(60)
print("here", flush=True)
time.sleep(60)
`
	command := exec.Command("python3", "-c", script)
	command.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, o := range (&View{}).Below([]proc.PID{proc.PID(command.Process.Pid)}, time.Second) {
			_ = unix.Kill(int(o.PID), unix.SIGKILL)
		}
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	if _, err := io.ReadFull(out, make([]byte, 6*len("here\n"))); err != nil {
		t.Fatal(err)
	}
	root := []proc.Other{{PID: proc.PID(command.Process.Pid)}}
	var got int64
	await.Until(t, "the footprint of six processes", func() bool {
		got = Footprints([][]proc.Other{root, {{PID: proc.PID(os.Getpid()), Started: 1}}})[0]
		return got > 40<<20+5*10<<20
	})
	if got > 40<<20+5*10<<20+6*12<<20 { // 12 MiB for each python
		t.Errorf("they hold %d MiB, as if shared memory counted several times", got>>20)
	}
	if none := Footprints([][]proc.Other{{{PID: root[0].PID, Started: 1}}})[0]; none != 0 {
		t.Errorf("another process of the same number, pid %s, holds %d bytes", strconv.Itoa(int(root[0].PID)), none)
	}
}
