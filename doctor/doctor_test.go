package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sexton/internal/golden"
	"sexton/service"
)

// tree creates files under a root directory for this test.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestCgroupLimits: cgroups of both versions, with and without limits, with and
// without a cgroup namespace.
func TestCgroupLimits(t *testing.T) {
	const v2, v1 = "sys/fs/cgroup/", "sys/fs/cgroup/"
	for _, c := range []struct {
		name  string
		files map[string]string
	}{
		{"none", nil},
		{"v2-free", map[string]string{v2 + "cgroup.controllers": "memory pids\n", "proc/self/cgroup": "0::/\n",
			v2 + "memory.max": "max\n", v2 + "pids.max": "max\n", v2 + "cpu.max": "max 100000\n", v2 + "memory.oom.group": "0\n"}},
		{"v2-pod", map[string]string{v2 + "cgroup.controllers": "memory pids\n", "proc/self/cgroup": "0::/\n",
			v2 + "memory.max": "134217728\n", v2 + "memory.current": "10485760\n", v2 + "memory.oom.group": "1\n",
			v2 + "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n",
			v2 + "pids.max":      "16\n", v2 + "pids.current": "12\n", v2 + "cpu.max": "50000 100000\n"}},
		{"v2-without-namespace", map[string]string{v2 + "cgroup.controllers": "memory pids\n", "proc/self/cgroup": "0::/docker/abc\n",
			v2 + "docker/abc/memory.max": "268435456\n", v2 + "docker/abc/memory.oom.group": "0\n", v2 + "docker/abc/pids.max": "512\n"}},
		{"v1", map[string]string{"proc/self/cgroup": "9:pids:/docker/abc\n4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
			v1 + "memory/memory.limit_in_bytes": "67108864\n", v1 + "memory/memory.usage_in_bytes": "1048576\n",
			v1 + "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
			v1 + "pids/docker/abc/pids.max":  "64\n", v1 + "pids/pids.max": "max\n",
			v1 + "cpu/cpu.cfs_quota_us": "-1\n", v1 + "cpu/cpu.cfs_period_us": "100000\n"}},
		{"v1-free", map[string]string{v1 + "memory/memory.limit_in_bytes": "9223372036854771712\n"}},
		{"odd", map[string]string{v2 + "cgroup.controllers": "", v2 + "memory.max": "many\n", v2 + "pids.max": "-3\n", v2 + "cpu.max": "x\n",
			v2 + "memory.events": "oom_kill\n", "proc/self/cgroup": "no such thing\n::\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &examination{Options: Options{Root: tree(t, c.files)}}
			e.cgroup()
			golden.File(t, "../testdata/doctor/cgroup-"+c.name+".golden", Text(e.findings, false))
		})
	}
}

func TestTheGraceIsComparedWithTheRuntimes(t *testing.T) {
	var text strings.Builder
	for _, grace := range []time.Duration{9 * time.Second, 10 * time.Second, 25 * time.Second, time.Minute} {
		for _, variable := range []string{"", "1s"} {
			e := &examination{Options: Options{
				Plan:   &service.Plan{Init: service.Init{Grace: grace}},
				Config: Finding{"file", Verified, "f has no mistakes", ""},
				Getenv: func(string) string { return variable },
			}}
			e.configuration()
			text.WriteString(Text(e.findings, false))
		}
	}
	golden.File(t, "../testdata/doctor/grace.golden", text.String())
}

// TestNothingIsNeeded: in an empty root directory, the doctor says what is missing and
// leaves nothing behind.
func TestNothingIsNeeded(t *testing.T) {
	root := t.TempDir()
	verdicts := make(map[string]Verdict)
	for _, f := range Examine(Options{Root: root, Getenv: func(string) string { return "" }, Config: Finding{Topic: "file"}}) {
		if f.Text == "" && f.Topic != "file" {
			t.Errorf("%+v says nothing", f)
		}
		verdicts[f.Topic] = f.Verdict
	}
	for topic, want := range map[string]Verdict{
		"write /": Verified, "write /run": Note, "control socket": Failed, "/proc": Failed, "/dev/null": Failed, "/bin/sh": Note,
		"termination log": NotTried, "cgroup": NotTried,
	} {
		if got, there := verdicts[topic]; !there || got != want {
			t.Errorf("%s: %v, there %v; not %v", topic, got, there, want)
		}
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

// TestFailuresComeFirst: findings that need a fix come first, and brief leaves out those
// that need no attention.
func TestFailuresComeFirst(t *testing.T) {
	findings := []Finding{{"a", Verified, "x", ""}, {"b", Note, "x", ""}, {"c", Failed, "x", "do"}, {"d", NotTried, "x", ""}, {"e", Failed, "x", ""}}
	const end = "2 failed, 1 note, 1 verified, 1 not tried\n"
	const brief = "failed     c  x\n              fix: do\nfailed     e  x\nnote       b  x\n"
	if got, want := Text(findings, false), brief+"verified   a  x\nnot tried  d  x\n"+end; got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if got, want := Text(findings, true), brief+end; got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
}

// Only a file with a command that is a string needs a shell.
func TestAMissingShellIsAFailureIfACommandNeedsIt(t *testing.T) {
	for command, want := range map[string]Verdict{"/bin/sh": Failed, "/bin/web": Note} {
		e := &examination{Options: Options{Root: t.TempDir(), Plan: &service.Plan{Services: []service.Spec{{Command: []string{command}}}}}}
		e.files()
		for _, f := range e.findings {
			if f.Topic == "/bin/sh" && f.Verdict != want {
				t.Errorf("%s: %v", command, f)
			}
		}
	}
}

func TestWritablePlacesAreTried(t *testing.T) {
	root := tree(t, map[string]string{"run/x": "", "dev/termination-log": "before", "proc/self/stat": "1 (x) R"})
	e := &examination{Options: Options{Root: root}}
	e.places()
	e.files()
	text := Text(e.findings, false)
	for _, want := range []string{
		"verified   write /run       it can be written to\n", "verified   control socket   it can be created at /run/sexton.sock\n",
		"verified   termination log  /dev/termination-log can be written to", "verified   /proc",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if log, _ := os.ReadFile(root + "/dev/termination-log"); string(log) != "before" {
		t.Errorf("the termination log was changed: %q", log)
	}
	if left, _ := os.ReadDir(root + "/run"); len(left) != 1 {
		t.Errorf("%v is in /run", left)
	}
}
