package entry

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A Go release that the entry does not know cannot build it, and the error says where to read on.
func TestAnUnknownGoDoesNotBuildTheEntry(t *testing.T) {
	if out, err := exec.Command("go", "vet", "-tags", "entry", ".").CombinedOutput(); err != nil {
		t.Fatalf("the Go that runs this test does not build the entry: %v\n%s", err, out)
	}
	out, err := exec.Command("go", "vet", "-tags", "entry,go1.27", ".").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "see HACKING.md, A new Go release") {
		t.Errorf("Go 1.27 builds the entry, or does not say why not: %v\n%s", err, out)
	}
	if text, err := os.ReadFile("../../HACKING.md"); err != nil || !strings.Contains(string(text), "\n## A new Go release\n") {
		t.Errorf("HACKING.md has no such section: %v", err)
	}
}

// The fatal errors for lack of memory are told from the others.
func TestErrorsForLackOfMemory(t *testing.T) {
	for text, want := range map[string]bool{
		"runtime: out of memory": true, "runtime: cannot allocate memory": true, "arena: failed to reserve": true, "out of memory allocating heap arena map": true,
		"all goroutines are asleep - deadlock!": false, "concurrent map writes": false, "": false, "newosproc": false,
	} {
		if wantsMemory(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// What the entry relies on is in the source of the Go release that builds it. After a change of one of these
// lines somebody has to look at what the entry does with it.
func TestTheRuntimeIsAsTheEntryKnowsIt(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	remarks, blanks := regexp.MustCompile(`(?m)\s//.*$`), regexp.MustCompile(`\s+`)
	for _, c := range []struct{ file, text string }{
		// The table of signals: FLAGS, NAME_LENGTH and the flags in entry_*.s.
		{"signal_unix.go", "type sigTabT struct { flags int32 name string }"},
		{"sigtab_linux_generic.go", `/* 15 */ {_SigNotify + _SigKill, "SIGTERM: termination"}`},
		{"sigtab_linux_generic.go", "/* 64 */"},
		{"runtime2.go", "_SigNotify = 1 << iota _SigKill _SigThrow _SigPanic _SigDefault _SigGoExit _SigSetStack _SigUnblock _SigIgn )"},
		// The runtime's own messages: runtimeWrites.
		{"time_nofake.go", "var overrideWrite func(fd uintptr, p unsafe.Pointer, n int32) int32"},
		{"os_linux.go", `print("runtime: failed to create new OS thread (have ", mcount(), " already; errno=", ret, ")\n")`},
		{"panic.go", `print("fatal error: ")`},
		{"mem_linux.go", `throw("runtime: out of memory")`},
		// KeepThread and FreeThread.
		{"proc.go", "func lockOSThread() {"},
		{"proc.go", "func unlockOSThread() {"},
		// Where the entry goes on.
		{"rt0_linux_amd64.s", "TEXT _rt0_amd64_linux(SB)"},
		{"rt0_linux_arm64.s", "TEXT _rt0_arm64_linux(SB)"},
	} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/runtime", c.file))
		if err != nil {
			t.Error(err)
		} else if plain := blanks.ReplaceAllString(remarks.ReplaceAllString(string(text), ""), " "); !strings.Contains(plain, c.text) {
			t.Errorf("runtime/%s has no %q", c.file, c.text)
		}
	}
}
