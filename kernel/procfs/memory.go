package procfs

import (
	"os"
	"runtime"

	"sexton/proc"
)

// MemoryOf returns how many bytes of memory are resident in the process groups and
// sessions that these processes lead: the sum over the processes, so shared
// memory counts several times. Processes that we cannot see are
// left out. It reads all of /proc, so the loop must not call it, and it yields to the loop after
// each process.
func MemoryOf(leaders []int) map[int]int64 {
	found := make(map[int]int64, len(leaders))
	if len(leaders) == 0 {
		return found
	}
	wanted := make(map[proc.PID]bool, len(leaders))
	for _, pid := range leaders {
		wanted[proc.PID(pid)] = true
	}
	page := int64(os.Getpagesize())
	for pid := range Processes() {
		runtime.Gosched() // the loop first: there is one processor for all of us
		s, _ := StatOf(pid)
		for _, leader := range []proc.PID{pid, s.Group, s.Session} { // itself, wherever it has gone
			if wanted[leader] {
				found[int(leader)] += int64(s.Pages) * page
				break
			}
		}
	}
	return found
}
