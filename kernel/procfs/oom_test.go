package procfs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOOMCounterIsFoundWhereverItIs(t *testing.T) {
	const v1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"
	const v2 = "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 1\n"
	for name, c := range map[string]struct {
		self, file, text string
		kills            uint64
	}{
		"v2, a namespace of its own": {"0::/\n", "memory.events", v2, 3},
		"v2, the host's namespace":   {"0::/pod/one\n", "pod/one/memory.events", v2, 3},
		"v1, a namespace of its own": {"4:memory:/\n0::/\n", "memory/memory.oom_control", v1, 2},
		"v1, the host's namespace":   {"5:cpu:/a\n4:memory:/docker/1\n", "memory/memory.oom_control", v1, 2},
		"nothing is known of us":     {"", "memory.events", v2, 3},
		"an old kernel":              {"4:memory:/\n", "memory/memory.oom_control", "oom_kill_disable 0\n", 0},
	} {
		root := t.TempDir()
		file := filepath.Join(root, c.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if kills, _ := readOOM(oomCounter(root, c.self)); kills != c.kills {
			t.Errorf("%s: %d, not %d", name, kills, c.kills)
		}
	}
}

func TestOutOfMemoryTellsOfNewKillsOnly(t *testing.T) {
	k := &View{oomFile: filepath.Join(t.TempDir(), "memory.events")}
	for i, c := range []struct {
		text string
		want int
	}{{"oom_kill 2\n", 2}, {"oom_kill 2\n", 0}, {"oom_kill 5\n", 3}, {"", 0}, {"oom_kill 5\n", 0}, {"oom_kill x\n", 0}} {
		if err := os.WriteFile(k.oomFile, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := k.OutOfMemory(); got != c.want {
			t.Errorf("%d: %q: %d", i, c.text, got)
		}
	}
}
