package kernel

import (
	"os"
	"runtime"
	"strconv"
)

// MemoryOf tells how many bytes of memory are resident in the process groups and
// sessions that these processes lead, each group's processes added up: what they
// share counts for each of them. What cannot be seen, without /proc for example, is
// left out. It reads all of /proc, so it is not for the loop, and gives way to it after
// each process.
func MemoryOf(leaders []int) map[int]int64 {
	found := make(map[int]int64, len(leaders))
	if len(leaders) == 0 {
		return found
	}
	wanted := make(map[int]bool, len(leaders))
	for _, pid := range leaders {
		wanted[pid] = true
	}
	page := int64(os.Getpagesize())
	for pid := range processes() {
		runtime.Gosched()         // the loop first: there is one processor for all of us
		fields := statFields(pid) // from the third on: state, ppid, pgrp, session ... rss
		if len(fields) < 22 {
			continue
		}
		group, _ := strconv.Atoi(fields[2])
		session, _ := strconv.Atoi(fields[3])
		if !wanted[group] {
			group = session
		}
		if wanted[pid] { // wherever it has gone
			group = pid
		}
		if rss, err := strconv.ParseInt(fields[21], 10, 64); err == nil && wanted[group] {
			found[group] += rss * page
		}
	}
	return found
}
