package procfs

import (
	"strconv"
	"strings"
)

// OutOfMemory returns how many processes of our cgroup the kernel has killed for
// lack of memory since the last call; the first call counts from the beginning. It returns
// 0 if no counter can be read. Only one goroutine may call it.
//
// The counter is oom_kill in memory.events (cgroup v2) or in memory.oom_control
// (v1). It does not say which processes were killed.
func (v *View) OutOfMemory() int {
	if v.oomFile == "" && !v.oomSought {
		v.oomSought = true
		v.oomFile = oomCounter("/sys/fs/cgroup", ReadSmall("/proc/self/cgroup"))
	}
	kills, _ := readOOM(v.oomFile)
	before := v.oomKills
	v.oomKills = max(before, kills)
	return int(v.oomKills - before)
}

// oomCounter finds the file. A container sees its own cgroup as the root of what
// is mounted; otherwise /proc/self/cgroup has its path (cgroups(7)).
func oomCounter(root, self string) string {
	var dirs []string
	for line := range strings.Lines(self) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(parts) < 3 || strings.Contains(parts[2], ".."):
		case parts[1] == "":
			dirs = append(dirs, root+parts[2]+"/memory.events")
		case parts[1] == "memory":
			dirs = append(dirs, root+"/memory"+parts[2]+"/memory.oom_control")
		}
	}
	for _, file := range append(dirs, root+"/memory.events", root+"/memory/memory.oom_control") {
		if _, ok := readOOM(file); ok {
			return file
		}
	}
	return ""
}

// readOOM reads the line "oom_kill N".
func readOOM(file string) (kills uint64, ok bool) {
	if file == "" {
		return 0, false
	}
	for line := range strings.Lines(ReadSmall(file)) {
		if count, is := strings.CutPrefix(line, "oom_kill "); is {
			kills, err := strconv.ParseUint(strings.TrimSpace(count), 10, 64)
			return kills, err == nil
		}
	}
	return 0, false
}
