package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// member is a process of a box.
type member struct {
	pid    int // ours
	inside int // its PID in the box
	parent int // ours
	zombie bool
}

// members are the processes whose PID namespace is the box of l.
func (l *life) members() ([]member, error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	box, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", l.pid))
	if err != nil {
		return nil, err
	}
	var in []member
	for _, dir := range all {
		status, err := fields(dir + "/status")
		if err != nil {
			continue // it has ended meanwhile
		}
		pids := strings.Fields(status["NSpid"])
		if len(pids) < 2 {
			continue
		}
		m := member{zombie: strings.HasPrefix(status["State"], "Z")}
		m.pid, _ = strconv.Atoi(pids[0])
		m.inside, _ = strconv.Atoi(pids[len(pids)-1])
		m.parent, _ = strconv.Atoi(status["PPid"])
		ns, _ := os.Readlink(dir + "/ns/pid")
		if ns == box || m.zombie && m.parent == l.pid {
			in = append(in, m)
		}
	}
	return in, nil
}

// memory is what processes hold, in bytes.
type memory struct{ rss, pss, anonymous float64 }

// memoryOf adds up the processes' smaps_rollup.
func memoryOf(pids ...int) (memory, error) {
	var sum memory
	for _, pid := range pids {
		f, err := fields(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return sum, err
		}
		sum.rss += kilobytes(f["Rss"])
		sum.pss += kilobytes(f["Pss"])
		sum.anonymous += kilobytes(f["Anonymous"])
	}
	return sum, nil
}

// cpuOf is the CPU time that the process itself has used, in nanoseconds: the
// sum of its threads' run times, which schedstat has to the nanosecond. Threads
// that ended are missing; the runtimes that we look at keep theirs.
func cpuOf(pid int) (float64, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(tasks) == 0 {
		return 0, fmt.Errorf("/proc/%d/task/*/schedstat: cannot be read", pid)
	}
	sum := 0.0
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			return 0, err
		}
		ran, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseFloat(ran, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", task, err)
		}
		sum += ns
	}
	return sum, nil
}

// switches is how often the process's threads have left a CPU since they began:
// a thread that makes a system call has first been woken.
func switches(pid int) (n, threads int, err error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for _, task := range tasks {
		f, err := fields(task)
		if err != nil {
			return 0, 0, err
		}
		for _, key := range []string{"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"} {
			x, _ := strconv.Atoi(f[key])
			n += x
		}
	}
	return n, len(tasks), nil
}

// fields reads a file of "Key: value" lines.
func fields(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		f[key] = strings.TrimSpace(value)
	}
	return f, nil
}

// kilobytes reads "123 kB" as bytes.
func kilobytes(value string) float64 {
	n, _ := strconv.ParseFloat(strings.TrimSuffix(value, " kB"), 64)
	return n * 1024
}
