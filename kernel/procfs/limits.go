package procfs

import (
	"path"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits returns what our cgroup may use: whole CPUs, at least 1, a quota being rounded up, and bytes of memory. A limit of a
// cgroup above counts too, if we can see it. Without a limit it is what the machine has, for the CPUs that we may run on.
func Limits() (cpus int, memory int64) {
	machine := int64(1) << 62
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		machine = int64(uint64(info.Totalram) * uint64(info.Unit))
	}
	return limits("/sys/fs/cgroup", readStat("/proc/self/cgroup"), runtime.NumCPU(), machine)
}

// limits reads the files below root. self is /proc/self/cgroup (cgroups(7)), whose paths are those of the machine if we
// have no cgroup namespace; then our cgroup may be the root of what is mounted.
func limits(root, self string, cpus int, memory int64) (int, int64) {
	lower := func(n int64) {
		if n > 0 {
			memory = min(memory, n)
		}
	}
	for line := range strings.Lines(self) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 {
			continue
		}
		switch controllers := "," + parts[1] + ","; {
		case parts[1] == "":
			for _, mount := range []string{root, root + "/unified"} {
				upward(mount, parts[2], func(dir string) {
					quota, period, _ := strings.Cut(ReadSmall(dir+"/cpu.max"), " ")
					cpus = min(cpus, quotaCPUs(quota, period, cpus))
					lower(number(ReadSmall(dir + "/memory.max")))
				})
			}
		case strings.Contains(controllers, ",cpu,"):
			upward(mountOf(root, "cpu", parts[1]), parts[2], func(dir string) {
				cpus = min(cpus, quotaCPUs(ReadSmall(dir+"/cpu.cfs_quota_us"), ReadSmall(dir+"/cpu.cfs_period_us"), cpus))
			})
		case strings.Contains(controllers, ",memory,"):
			upward(mountOf(root, "memory", parts[1]), parts[2], func(dir string) {
				lower(number(ReadSmall(dir + "/memory.limit_in_bytes")))
				_, rest, _ := strings.Cut("\n"+readStat(dir+"/memory.stat"), "\nhierarchical_memory_limit ") // of those above that we cannot see
				limit, _, _ := strings.Cut(rest, "\n")
				lower(number(limit))
			})
		}
	}
	return max(cpus, 1), memory
}

// readStat reads a file of several lines.
func readStat(path string) string {
	buffer := make([]byte, 16<<10)
	return string(buffer[:readInto(path, buffer)])
}

// mountOf is where a controller of version 1 is mounted, alone or with others.
func mountOf(root, controller, all string) string {
	if ReadSmall(root+"/"+controller+"/cgroup.procs") == "" && ReadSmall(root+"/"+all+"/cgroup.procs") != "" {
		return root + "/" + all
	}
	return root + "/" + controller
}

// upward calls look for a cgroup and all above it, up to where they are mounted.
func upward(mount, own string, look func(dir string)) {
	if strings.Contains(own, "..") { // it lies outside of our namespace
		own = "/"
	}
	for own = path.Clean("/" + own); own != "/"; own = path.Dir(own) {
		look(mount + own)
	}
	look(mount)
}

// quotaCPUs is a quota in whole CPUs, rounded up, or otherwise if there is none.
func quotaCPUs(quota, period string, otherwise int) int {
	q, p := number(quota), number(period)
	if q <= 0 || p <= 0 {
		return otherwise
	}
	n := q / p
	if q%p > 0 {
		n++
	}
	return int(min(n, int64(otherwise)))
}

// number reads a positive number; 0 for anything else, such as "max".
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
