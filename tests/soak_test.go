package tests

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soakStarts is how many starts TestCrashLoopSoak waits for. A night's soak:
// go test -run TestCrashLoopSoak -soak.starts 1000000 -timeout 12h ./tests
var soakStarts = flag.Int("soak.starts", 2000, "starts of crashing services that TestCrashLoopSoak waits for")

// startCount counts the lines that tell of a service's end, each of which has had a start.
type startCount struct {
	n    atomic.Int64
	last atomic.Value
}

func (s *startCount) Write(p []byte) (int, error) {
	s.n.Add(int64(bytes.Count(p, []byte(": exited with status ")) + bytes.Count(p, []byte(": killed by "))))
	s.last.Store(string(p))
	return len(p), nil
}

// hasNow is what a process has at a moment.
type hasNow struct{ anonymousKB, descriptors, threads, children int }

func usageOf(t *testing.T, pid int) hasNow {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) int {
		m := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`).FindSubmatch(status)
		if m == nil {
			t.Fatalf("no %s in\n%s", name, status)
		}
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Skipf("the kernel does not list children: %v", err)
	}
	return hasNow{field("RssAnon"), len(fds), field("Threads"), len(strings.Fields(string(children)))}
}

// least is the least that a process has in some looks one after the other: between them it is busy
// with starts, each of which takes a few descriptors and pages for a moment.
func least(t *testing.T, pid int) hasNow {
	t.Helper()
	low := usageOf(t, pid)
	for range 100 {
		time.Sleep(5 * time.Millisecond) // another moment of its work
		u := usageOf(t, pid)
		low = hasNow{min(low.anonymousKB, u.anonymousKB), min(low.descriptors, u.descriptors), min(low.threads, u.threads), min(low.children, u.children)}
	}
	return low
}

// until waits for n starts. It fails the test when no service starts for 30 seconds.
func (s *startCount) until(t *testing.T, n int64) {
	t.Helper()
	seen, since := int64(-1), time.Now()
	for s.n.Load() < n {
		if now := s.n.Load(); now != seen {
			seen, since = now, time.Now()
		} else if time.Since(since) > 30*time.Second {
			t.Fatalf("no start for 30 s, after %d: %v", seen, s.last.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// soakFile is a file of services that crash, with all that a run can have.
func soakFile(t *testing.T, dir, bare string) string {
	t.Helper()
	text := "[init]\ngrace = \"5s\"\n[control]\nsocket = \"off\"\n"
	for name, more := range map[string]string{
		"plain":  "",
		"quiet":  "log = { overflow = \"drop\" }\n",
		"json":   "log = { format = \"json\" }\n",
		"file":   fmt.Sprintf("log = { file = { path = %q, size = \"64KiB\", keep = 2, compress = true } }\n", filepath.Join(dir, "log")),
		"spill":  fmt.Sprintf("log = { overflow = \"spill\", spill = { dir = %q, size = \"1MiB\" } }\n", dir),
		"pty":    "tty = \"pty\"\n",
		"probed": fmt.Sprintf("ready = { exec = [%q, \"0\"] }\n", bare),
		"main":   "",
	} {
		command := fmt.Sprintf("[%q, \"1\"]", bare)
		if name == "main" { // its orphans die later than it does
			command = fmt.Sprintf("%q", bare+" w1 & "+bare+" 1 & exit 1")
		}
		text += fmt.Sprintf("[service.%s]\ncommand = %s\ngive_up = { starts = 0 }\nbackoff = { first = \"10ms\", factor = 1.0, max = \"10ms\" }\n%s", name, command, more)
	}
	file := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// grown reports what a process has more of than before, beyond what a moment's work explains.
func grown(t *testing.T, before, after hasNow) {
	t.Helper()
	// A run in the middle of its start is not a leak: eight services, with a few descriptors each.
	if after.descriptors > before.descriptors+12 {
		t.Errorf("descriptors: %d, then %d", before.descriptors, after.descriptors)
	}
	if after.threads > before.threads {
		t.Errorf("threads: %d, then %d", before.threads, after.threads)
	}
	if after.children > before.children+16 {
		t.Errorf("children: %d, then %d", before.children, after.children)
	}
	// The collector lets the heap double between its runs, from 4 MB at the least.
	if after.anonymousKB > before.anonymousKB+2048 {
		t.Errorf("anonymous memory: %d KB, then %d KB", before.anonymousKB, after.anonymousKB)
	}
}

// Services that crash and are started again, thousands of times, with all that a run can have (pipes, a file, a
// terminal, orphans, a probe), leave nothing behind: no memory, no descriptor, no thread, no zombie.
func TestCrashLoopSoak(t *testing.T) {
	sexton, dir := provedSexton(t)
	bare, err := bareBinary()
	if err != nil {
		t.Fatal(err)
	}
	init := exec.Command(sexton, "-c", soakFile(t, dir, bare))
	init.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	counted := new(startCount)
	init.Stderr = counted
	if err := init.Start(); err != nil {
		t.Fatal(err)
	}
	defer init.Process.Kill()
	first := int64(min(1000, *soakStarts/2))
	counted.until(t, first)
	before := least(t, init.Process.Pid)
	counted.until(t, int64(*soakStarts))
	after := least(t, init.Process.Pid)
	t.Logf("after %d starts: %+v; after %d: %+v", first, before, counted.n.Load(), after)
	grown(t, before, after)
	if err := init.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := init.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}
