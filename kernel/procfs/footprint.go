package procfs

import (
	"bytes"
	"runtime"
	"strconv"
	"time"

	"sexton/proc"
)

// Footprints returns how many bytes of memory each family of processes holds: the sum of what each process has for itself
// (RssAnon), and the largest shared part (RssShmem). Memory that comes from files can be had back, and a sum of shared memory
// would count it once for each process. A family is what its roots lead: their descendants, and their process groups and
// sessions. It reads all of /proc, so the loop must not call it, and it yields to the loop after each process.
func Footprints(families [][]proc.Other) []int64 {
	sums, shared := make([]int64, len(families)), make([]int64, len(families))
	all := scan(time.Now().Add(time.Minute))
	owner := ownersOf(all, families)
	buffer := make([]byte, 4096)
	for i := range all {
		runtime.Gosched()
		if family, known := owner(all[i].PID); known && !all[i].Dead {
			anonymous, shmem := residentOf(all[i].PID, buffer)
			sums[family] += anonymous
			shared[family] = max(shared[family], shmem)
		}
	}
	for i := range sums {
		sums[i] += shared[i]
	}
	return sums
}

// ownersOf returns a function that finds the family of a process: that of its nearest ancestor, else of its group or session.
func ownersOf(all []Stat, families [][]proc.Other) func(proc.PID) (int, bool) {
	stats := make(map[proc.PID]*Stat, len(all))
	for i := range all {
		stats[all[i].PID] = &all[i]
	}
	roots := make(map[proc.PID]int)
	for i, family := range families {
		for _, root := range family {
			if s := stats[root.PID]; s != nil && (root.Started == 0 || root.Started == s.Started) {
				roots[root.PID] = i
			}
		}
	}
	return func(pid proc.PID) (int, bool) {
		at := pid
		for range len(all) { // numbers that were given away meanwhile could make a circle
			if family, known := roots[at]; known {
				return family, true
			}
			s := stats[at]
			if s == nil || s.Parent <= 1 {
				break
			}
			at = s.Parent
		}
		s := stats[pid]
		if family, known := roots[s.Group]; known {
			return family, true
		}
		family, known := roots[s.Session]
		return family, known
	}
}

// residentOf reads two lines of a process's status (proc_pid_status(5)).
func residentOf(pid proc.PID, buffer []byte) (anonymous, shmem int64) {
	for line := range bytes.Lines(buffer[:readInto(procFile(pid, "status"), buffer)]) {
		switch name, value, _ := bytes.Cut(line, []byte{':'}); string(name) {
		case "RssAnon":
			anonymous = kilobytes(value)
		case "RssShmem":
			return anonymous, kilobytes(value)
		}
	}
	return anonymous, 0
}

func kilobytes(value []byte) int64 {
	number, _, _ := bytes.Cut(bytes.TrimSpace(value), []byte{' '})
	n, _ := strconv.ParseInt(string(number), 10, 64)
	return n << 10
}
