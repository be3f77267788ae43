package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says which room stands on which floor. A room imports rooms of lower
// floors only; neighbours never import each other.
var floors = map[string]int{
	"":                 5,
	"cli":              4,
	"init":             3,
	"doctor":           3,
	"machine":          2,
	"config":           2,
	"kernel":           2,
	"reaper":           2,
	"forward":          2,
	"stdio":            2,
	"probe":            2,
	"control":          2,
	"health":           2,
	"kernel/simkernel": 2,
	"service":          1,
	"crowd":            1,
	"proc":             0,
	"pattern":          0,
	"paths":            0,
	"internal/golden":  0, // for tests
	"internal/story":   2, // for tests
	"bench":            5, // a program of its own
	"internal/suite":   5, // a program of its own, for make test
	"testdata/cmd":     5, // programs for tests
	"examples/web/cmd": 5, // programs for the example
}

// bans are imports that a room must not have, and why: room -> import -> why.
// The room "*" is every room.
var bans = map[string]map[string]string{
	"machine": {
		"os":      "the machine decides; pid1 performs",
		"syscall": "the machine decides; pid1 performs",
		"sync":    "one goroutine owns the machine; a lock here means a second owner",
		"context": "nothing in the machine waits",
		"net":     "no I/O",
		"io":      "no I/O",
	},
	"init": {
		"os":                    "pid1 speaks to the kernel through its Kernel, so that it can be simulated",
		"syscall":               "as above",
		"golang.org/x/sys/unix": "as above",
	},
	"reaper":  {"sexton/service": "the reaper does not know what a service is"},
	"config":  {"os": "config reads no file and no environment; its caller does"},
	"service": {"os": "values, no deeds"},
	"proc":    {"os": "values, no deeds"},
	"*": {
		"os/exec":     "its Wait steals exits from the reaper; use kernel.Spawn",
		"os/signal":   "it merges signals, hides some and does not tell the sender; use kernel.Catch",
		"os/user":     "it depends on cgo and the environment; use kernel.LookupUser",
		"crypto/rand": "32 MB of address space, and tests of itself at every start; math/rand/v2 is seeded by the kernel",
		"net/http":    "costs 0.5 ms of every start, megabytes of the binary and of memory",
		"regexp":      "its tables cost 40 microseconds of every start; use pattern",
		"log":         "lines of ours go through stdio.Mux.Say, which never blocks",
	},
}

// onlyIn are imports with one home: import -> rooms.
var onlyIn = map[string][]string{
	"unsafe":                             {"kernel"},
	"github.com/BurntSushi/toml":         {"config"},
	"github.com/hashicorp/go-multierror": {"config"},
	"golang.org/x/sys/unix":              {"kernel", "stdio", "cli", "probe", "control", "crowd", "doctor", "paths"},
	"sexton/kernel/simkernel":            {},
}

// timeCalls are the ways to a clock that the machine must not take.
var timeCalls = []string{"Now", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Since", "Until"}

// outside are rooms whose imports are their own affair: programs and helpers
// that are not part of the binary.
func outside(room string) bool {
	return room == "bench" || strings.Contains(room, "testdata") || strings.HasPrefix(room, "internal/") || strings.HasPrefix(room, "examples/")
}

type source struct {
	room, path string
	file       *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		if room == "." {
			room = ""
		}
		all = append(all, source{room, path, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func imports(f *ast.File) []string {
	var paths []string
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func TestRoomsImportLowerFloorsOnly(t *testing.T) {
	for _, s := range sources(t) {
		if outside(s.room) {
			continue
		}
		floor, known := floors[s.room]
		if !known {
			t.Errorf("%s: the room %q has no floor; give it one in house_test.go and in DESIGN.md", s.path, s.room)
		}
		for _, path := range imports(s.file) {
			other, ours := strings.CutPrefix(path, "sexton/")
			if !ours {
				continue
			}
			if below, known := floors[other]; !known || below >= floor {
				t.Errorf("%s: imports %s, which is not on a lower floor", s.path, path)
			}
		}
	}
}

func TestBannedImports(t *testing.T) {
	for _, s := range sources(t) {
		if outside(s.room) {
			continue
		}
		for _, path := range imports(s.file) {
			for _, room := range []string{s.room, "*"} {
				if why, banned := bans[room][path]; banned {
					t.Errorf("%s: imports %s: %s", s.path, path, why)
				}
			}
			if homes, one := onlyIn[path]; one && !slices.Contains(homes, s.room) {
				t.Errorf("%s: imports %s, whose only homes are %v", s.path, path, homes)
			}
		}
	}
}

// A ban holds for what is linked by way of other packages too, and for packages that
// there are: one that was renamed would be a hole.
func TestBannedPackagesAreNotLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-tags", "entry", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	for path, why := range bans["*"] {
		if slices.Contains(linked, path) {
			t.Errorf("%s is linked, by way of another package (go list -deps shows which): %s", path, why)
		}
		if err := exec.Command("go", "list", path).Run(); err != nil {
			t.Errorf("the banned package %s is not there any more: %v", path, err)
		}
	}
}

func TestTheMachineHasNoClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.room != "machine" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(timeCalls, sel.Sel.Name) {
					t.Errorf("%s: time.%s: the machine is told the time, so that a run can be replayed", s.path, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestEveryRoomSaysWhatItIs(t *testing.T) {
	said := make(map[string]int)
	for _, s := range sources(t) {
		if s.file.Doc != nil {
			said[s.room]++
		} else {
			said[s.room] += 0
		}
	}
	for room, n := range said {
		if n != 1 {
			t.Errorf("room %q has %d package comments; one is right", room, n)
		}
	}
}

// TestNoGoInitFunctions keeps the start fast and its order plain.
func TestNoGoInitFunctions(t *testing.T) {
	for _, s := range sources(t) {
		if outside(s.room) {
			continue
		}
		for _, decl := range s.file.Decls {
			// main.go alone has one: only there is the main goroutine on the main thread for certain.
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && s.path != "main.go" {
				t.Errorf("%s: func init: what happens before main cannot be seen from main", s.path)
			}
		}
	}
}

// TestFilesStaySmall: a file is one idea.
func TestFilesStaySmall(t *testing.T) {
	for _, s := range sources(t) {
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > 450 && !outside(s.room) {
			t.Errorf("%s has %d lines; 400 is the aim", s.path, n)
		}
	}
}
