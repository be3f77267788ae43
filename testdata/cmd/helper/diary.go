package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keepDiary writes numbered lines until N were written in all its runs, and
// keeps a diary of them in a file that outlives a KILL, so that a reader can
// tell which lines were certainly written:
//
//	keep-diary FILE N
//	RUN NUMBER xxxxxxxx
//
// The file holds numbers of 64 bits: how many runs there were, the PID of the
// current one, and for each run how many lines it began to write and how many
// were written. Lines go out in writes that the kernel does not split
// (pipe(7), PIPE_BUF). Now and then a run ends with status 3.
func keepDiary(w words) int {
	const slots = 4096
	file, err := os.OpenFile(w.arg(0, ""), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Truncate(8 * (2 + 2*slots))
	}
	if err != nil {
		return w.fail(err)
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, 8*(2+2*slots), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return w.fail(err)
	}
	diary := unsafe.Slice((*uint64)(unsafe.Pointer(&memory[0])), 2+2*slots)
	run := atomic.AddUint64(&diary[0], 1)
	if run > slots {
		return w.fail(fmt.Errorf("more than %d runs", slots))
	}
	atomic.StoreUint64(&diary[1], uint64(os.Getpid()))
	total := uint64(w.number(w.arg(1, "1")))
	before := uint64(0)
	for i := range run - 1 {
		before += diary[2+2*i+1]
	}
	began, written := &diary[2+2*(run-1)], &diary[2+2*(run-1)+1]
	filler := strings.Repeat("x", 150)
	batch := make([]byte, 0, 4096)
	for n := uint64(0); before+n < total; {
		batch = batch[:0]
		for len(batch) < 3800 && before+n < total {
			n++
			batch = fmt.Appendf(batch, "%d %d %s\n", run, n, filler[:n*7%150])
		}
		atomic.StoreUint64(began, n)
		if _, err := os.Stdout.Write(batch); err != nil {
			return w.fail(err)
		}
		atomic.StoreUint64(written, n)
		if rand.IntN(2000) == 0 {
			return 3
		}
	}
	return 0
}
