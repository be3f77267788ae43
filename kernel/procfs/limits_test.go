package procfs

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestLimits(t *testing.T) {
	const gib = 1 << 30
	for name, test := range map[string]struct {
		self   string
		files  map[string]string
		cpus   int
		memory int64
	}{
		"nothing is mounted":    {"0::/a\n", nil, 8, 16 * gib},
		"no cgroup":             {"", nil, 8, 16 * gib},
		"version 2, no limit":   {"0::/a\n", map[string]string{"a/cpu.max": "max 100000\n", "a/memory.max": "max\n"}, 8, 16 * gib},
		"version 2":             {"0::/a\n", map[string]string{"a/cpu.max": "150000 100000\n", "a/memory.max": "1073741824\n"}, 2, gib},
		"less than a CPU":       {"0::/\n", map[string]string{"cpu.max": "1000 100000\n"}, 1, 16 * gib},
		"more than the machine": {"0::/\n", map[string]string{"cpu.max": "9000000 100000\n", "memory.max": "99999999999999\n"}, 8, 16 * gib},
		"the lowest above": {"0::/a/b/c\n", map[string]string{"a/cpu.max": "200000 100000\n", "a/b/cpu.max": "300000 100000\n",
			"a/memory.max": "max\n", "a/b/c/memory.max": "4096\n", "memory.max": "2048\n"}, 2, 2048},
		"no namespace, so our cgroup is the root":  {"0::/docker/0123\n", map[string]string{"cpu.max": "400000 100000\n"}, 4, 16 * gib},
		"outside of the namespace":                 {"0::/../../a\n", map[string]string{"cpu.max": "400000 100000\n", "a/cpu.max": "100000 100000\n"}, 4, 16 * gib},
		"both versions, the second without limits": {"4:memory:/x\n3:cpu,cpuacct:/x\n0::/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "8192\n", "cpu/x/cpu.cfs_quota_us": "250000\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, 3, 8192},
		"both versions, limits in the second":      {"4:memory:/\n0::/x\n", map[string]string{"unified/x/memory.max": "8192\n", "unified/x/cpu.max": "1 1\n"}, 1, 8192},
		"version 1, no limit":                      {"4:memory:/\n3:cpu:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n", "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8, 16 * gib},
		"version 1, a limit above that is not seen": {"4:memory:/docker/1\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n",
			"memory/memory.stat": "cache 1\nhierarchical_memory_limit 12288\ntotal_cache 5\n"}, 8, 12288},
		"version 1, mounted together": {"3:cpu,cpuacct:/x\n", map[string]string{"cpu,cpuacct/cgroup.procs": "1\n", "cpu,cpuacct/x/cpu.cfs_quota_us": "50000", "cpu,cpuacct/x/cpu.cfs_period_us": "50000"}, 1, 16 * gib},
		"rubbish":                     {"x\n0::/a:b\nmemory\n", map[string]string{"cpu.max": "x y z\n", "a:b/memory.max": "-5\n", "a:b/cpu.max": "100 0\n"}, 8, 16 * gib},
	} {
		root := t.TempDir()
		for file, text := range test.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if cpus, memory := limits(root, test.self, 8, 16*gib); cpus != test.cpus || memory != test.memory {
			t.Errorf("%s: %d CPUs, %d bytes; want %d, %d", name, cpus, memory, test.cpus, test.memory)
		}
	}
}

func TestOurLimitsArePossible(t *testing.T) {
	cpus, memory := Limits()
	if cpus < 1 || cpus > runtime.NumCPU() || memory < 1<<20 || memory > 1<<50 {
		t.Errorf("%d CPUs, %d bytes", cpus, memory)
	}
	t.Logf("%d CPUs, %d bytes", cpus, memory)
}

func BenchmarkLimits(b *testing.B) {
	for b.Loop() {
		Limits()
	}
}
