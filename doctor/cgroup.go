package doctor

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroups is what we can see of our own cgroup.
type cgroups struct {
	examination *examination
	version     int
	own         map[string]string // controller -> path of our cgroup; "" is the controller of version 2
}

// cgroup: the limits of the container, and what happens at them.
func (e *examination) cgroup() {
	c := cgroups{examination: e, own: make(map[string]string)}
	switch {
	case e.exists(cgroupMount + "/cgroup.controllers"):
		c.version = 2
	case e.exists(cgroupMount+"/memory") || e.exists(cgroupMount+"/pids") || e.exists(cgroupMount+"/cpu"):
		c.version = 1
	default:
		e.add("cgroup", NotTried, "nothing is mounted at "+cgroupMount+": limits cannot be seen, and an OOM kill looks like any other KILL",
			"mount it read-only, as every runtime does by default")
		return
	}
	e.addf("cgroup", Verified, "", "version %d", c.version)
	for line := range strings.Lines(e.read("/proc/self/cgroup")) { // cgroups(7)
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 {
			for controller := range strings.SplitSeq(fields[1], ",") {
				c.own[controller] = fields[2]
			}
		}
	}
	c.memory()
	c.pids()
	c.cpu()
}

func (e *examination) exists(path string) bool {
	_, err := os.Stat(e.Root + path)
	return err == nil
}

// value reads a file of our cgroup. With a cgroup namespace, a container sees its own
// cgroup as the root of the mount; otherwise the cgroup is where /proc says.
func (c *cgroups) value(controller, file string) string {
	mount, own := cgroupMount, c.own[""]
	if c.version == 1 {
		mount, own = cgroupMount+"/"+controller, c.own[controller]
	}
	for _, dir := range []string{path.Join(mount, own), mount} {
		if text := strings.TrimSpace(c.examination.read(path.Join(dir, file))); text != "" {
			return text
		}
	}
	return ""
}

// number reads a limit; ok is false if there is none.
func (c *cgroups) number(controller, file string) (n int64, ok bool) {
	n, err := strconv.ParseInt(c.value(controller, file), 10, 64)
	return n, err == nil && n >= 0 && n < 1<<60 // version 1 writes "no limit" as a number near 1<<63
}

func (c *cgroups) memory() {
	limit, used, events := "memory.max", "memory.current", "memory.events"
	if c.version == 1 {
		limit, used, events = "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control"
	}
	e := c.examination
	text := "no limit"
	if n, ok := c.number("memory", limit); ok {
		text = "at most " + mebibytes(n)
	}
	if n, ok := c.number("memory", used); ok {
		text += ", " + mebibytes(n) + " used"
	}
	e.add("memory", Verified, text, "")
	for line := range strings.Lines(c.value("memory", events)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == "oom_kill" {
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				e.addf("out of memory", Note, "raise the limit, or find the service that needs so much: see MEMORY in sexton status",
					"the container used all of its memory: the kernel has killed a process %s", times(n))
			}
		}
	}
	c.oomGroup()
}

// oomGroup tells what happens to the other processes if one takes too much memory.
func (c *cgroups) oomGroup() {
	const topic = "oom.group"
	e := c.examination
	switch group := c.value("memory", "memory.oom.group"); {
	case c.version == 1:
		e.add(topic, Verified, "cgroup version 1 has none: an OOM kill ends one process, and sexton restarts its service", "")
	case group == "":
		e.add(topic, NotTried, "it cannot be seen here", "")
	case group == "0":
		e.add(topic, Verified, "0: an OOM kill ends one process, and sexton restarts its service", "")
	default:
		e.add(topic, Note, "1: when any process here runs out of memory, the kernel kills all of them at once, including sexton, and the container ends with 137",
			"singleProcessOOMKill: true in the kubelet's configuration; or limits inside each program (GOMEMLIMIT, -Xmx), below the container's")
	}
}

// fewTasks is what sexton and one or two services need: threads count.
const fewTasks = 24

func (c *cgroups) pids() {
	e := c.examination
	limit, ok := c.number("pids", "pids.max")
	if !ok {
		e.add("pids", Verified, "no limit, or it cannot be seen", "")
		return
	}
	text := fmt.Sprintf("at most %d processes and threads", limit)
	if current, ok := c.number("pids", "pids.current"); ok {
		text += fmt.Sprintf(", %d now", current)
	}
	if limit < fewTasks {
		e.add("pids", Note, text+": sexton with services uses about ten threads, and also works with fewer", "raise docker run --pids-limit, or podPidsLimit in the kubelet's configuration")
		return
	}
	e.add("pids", Verified, text, "")
}

func (c *cgroups) cpu() {
	quota, period := c.value("cpu", "cpu.cfs_quota_us"), c.value("cpu", "cpu.cfs_period_us")
	if c.version == 2 {
		quota, period, _ = strings.Cut(c.value("cpu", "cpu.max"), " ")
	}
	q, err := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err != nil || err2 != nil || q <= 0 || p <= 0 {
		c.examination.add("cpu", Verified, "no limit, or it cannot be seen", "")
		return
	}
	c.examination.addf("cpu", Verified, "", "at most %.2f processors", q/p)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
