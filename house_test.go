package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sexton/internal/golden"
	"sexton/internal/picture"
)

// floors lists the rooms of the binary, the top floor first. A room imports rooms of
// lower floors only; neighbours never import each other. A room inside another one
// (kernel/spawn) has a floor like every other room. A new floor is a new line.
var floors = [][]string{
	{""},
	{"cli"},
	{"cli/dropin", "container"},
	{"init", "doctor"},
	{"machine/dialogue"},
	{"machine", "config", "kernel", "reaper", "forward", "stdio", "probe", "control", "health"},
	{"verbs"},
	{"service", "callers", "files", "watch", "kernel/spawn", "stdio/framing", "stdio/destination", "stdio/tail"},
	{"kernel/signals", "kernel/users"},
	{"kernel/procfs"},
	{"kernel/entry", "kernel/hidden", "dotenv"},
	{"notify"},
	{"proc", "pattern", "paths", "cron", "expand", "redact"},
}

// bans are imports that a room must not have, and why: room -> import -> why.
// The room "*" is every room. A ban holds for the rooms inside a room too (machine
// for machine/dialogue); an empty reason for the inner room lifts it there.
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
	"stdio/framing": {
		"os":                    "framing is pure: bytes in, framed lines out",
		"sync":                  "as above: no goroutines",
		"io":                    "as above",
		"golang.org/x/sys/unix": "as above: no descriptors",
		"sexton/service":        "framing does not know services",
	},
	"stdio/destination": {"sexton/service": "a destination takes bytes; it does not know services"},
	"expand":            {"os": "expand is pure: its caller looks variables up", "io": "as above"},
	"dotenv":            {"os": "dotenv is pure: its caller reads the file", "io": "as above"},
	"reaper":            {"sexton/service": "the reaper does not know what a service is"},
	"config":            {"os": "config reads no file and no environment; its caller does"},
	"service":           {"os": "values, no deeds"},
	"proc":              {"os": "values, no deeds"},
	"*": {
		"os/exec":     "its Wait steals exits from the reaper; use kernel.Spawn",
		"os/signal":   "it merges signals, hides some and does not tell the sender; use kernel.Catch",
		"os/user":     "it depends on cgo and the environment; use users.Lookup",
		"crypto/rand": "32 MB of address space, and tests of itself at every start; math/rand/v2 is seeded by the kernel",
		"net/http":    "costs 0.5 ms of every start, megabytes of the binary and of memory",
		"regexp":      "package unicode makes its maps for it, 0.1 ms of every start; use pattern",
		"log":         "our own lines go through stdio.Mux.Say, which never blocks",
	},
}

// onlyIn are imports with few homes: import -> rooms. The rooms inside a home may
// have them too. An import that ends in /... stands for every room inside a room.
var onlyIn = map[string][]string{
	"github.com/BurntSushi/toml":         {"config"},
	"github.com/hashicorp/go-multierror": {"config"},
	"golang.org/x/sys/unix":              {"kernel", "stdio", "cli", "container", "probe", "control", "callers", "doctor", "paths", "files", "watch", "notify"},
	"sexton/internal/simkernel":          {},
	"sexton/kernel/...":                  {"", "cli", "container", "doctor", "kernel"}, // the machine decides, and the loop has its Kernel
	"sexton/stdio/...":                   {"stdio"},
}

// unsafeIn are the rooms that import unsafe, and why: room -> why. A room inside them is not meant.
var unsafeIn = map[string]string{
	"kernel":         "siginfo for a signal with a value, and prctl",
	"kernel/entry":   "the runtime's tables, the auxiliary vector and the environment, as they are before main",
	"kernel/signals": "the record that wakes the loop",
	"kernel/spawn":   "the child runs in our memory, and waitid(2) with its hidden argument",
	"kernel/hidden":  "strings in memory that is not Go's",
	"kernel/procfs":  "reads that the runtime is not told of, since they would wake its monitor",
}

// timeCalls are the ways to a clock that the machine must not take.
var timeCalls = []string{"Now", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Since", "Until"}

// floor returns the height of a room, counted from the bottom.
func floor(room string) (height int, known bool) {
	for i, rooms := range floors {
		if slices.Contains(rooms, room) {
			return len(floors) - i, true
		}
	}
	return 0, false
}

// inside reports whether a room is another room or lies inside it.
func inside(room, outer string) bool { return room == outer || strings.HasPrefix(room, outer+"/") }

// matches reports whether an import is the one that a pattern names, or, if the pattern ends
// in /..., a room inside that room.
func matches(pattern, path string) bool {
	outer, all := strings.CutSuffix(pattern, "...")
	return path == pattern || all && strings.HasPrefix(path, outer)
}

// banned returns the reason why a room must not import a package, or "".
func banned(room, path string) string {
	for r := room; r != "." && r != ""; r = filepath.Dir(r) {
		if why, ours := bans[r][path]; ours {
			return why
		}
	}
	return bans["*"][path]
}

// outside are rooms that are not part of the binary: programs and helpers for
// tests. They may import what they need.
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
		height, known := floor(s.room)
		if !known {
			t.Errorf("%s: the room %q has no floor; give it one in house_test.go and in DESIGN.md", s.path, s.room)
		}
		for _, path := range imports(s.file) {
			other, ours := strings.CutPrefix(path, "sexton/")
			if !ours {
				continue
			}
			if below, known := floor(other); !known || below >= height {
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
			if why := banned(s.room, path); why != "" {
				t.Errorf("%s: imports %s: %s", s.path, path, why)
			}
			atHome := func(home string) bool { return inside(s.room, home) }
			for pattern, homes := range onlyIn {
				if matches(pattern, path) && !slices.ContainsFunc(homes, atHome) {
					t.Errorf("%s: imports %s, whose only homes are %q", s.path, path, homes)
				}
			}
		}
	}
}

func TestUnsafeHasAReason(t *testing.T) {
	uses := make(map[string]bool)
	for _, s := range sources(t) {
		if !outside(s.room) && slices.Contains(imports(s.file), "unsafe") {
			uses[s.room] = true
			if unsafeIn[s.room] == "" {
				t.Errorf("%s: imports unsafe; give the room a reason in house_test.go, or use another one", s.path)
			}
		}
	}
	for room := range unsafeIn {
		if !uses[room] {
			t.Errorf("%s does not import unsafe, and has a reason for it", room)
		}
	}
}

// TestPictureOfTheRooms draws the rooms of the binary on their floors, with arrows
// for what go list says that they import.
func TestPictureOfTheRooms(t *testing.T) {
	rooms := map[string][]string{}
	for _, line := range goList(t, "-deps", "-f", "{{if .Module}}{{.ImportPath}}={{join .Imports \",\"}}{{end}}", ".") {
		path, imports, _ := strings.Cut(line, "=")
		room, ours := strings.CutPrefix(path+"/", "sexton/")
		if !ours {
			continue
		}
		room = strings.TrimSuffix(room, "/")
		rooms[room] = nil
		for _, other := range strings.Split(imports, ",") {
			if other, ours := strings.CutPrefix(other, "sexton/"); ours {
				rooms[room] = append(rooms[room], other)
			}
		}
	}
	svg, err := picture.Rooms(floors, rooms)
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "docs/rooms.svg", svg)
}

// goList runs go list over the binary's packages.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-tags", "entry"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %q: %v", args, err)
	}
	return strings.Fields(string(out))
}

// A ban also holds for packages that come in by way of another package, and every
// banned package must exist: a ban on a package that was renamed would be a hole.
func TestBannedPackagesAreNotLinked(t *testing.T) {
	linked := goList(t, "-deps", ".")
	for path, why := range bans["*"] {
		if slices.Contains(linked, path) {
			t.Errorf("%s is linked by way of another package (go list -deps shows which): %s", path, why)
		}
	}
	for path, homes := range onlyIn {
		if len(homes) == 0 && slices.Contains(linked, path) {
			t.Errorf("%s is linked, and no room may have it", path)
		}
	}
	all := []string{"-e", "-f", "{{if .Error}}{{.ImportPath}}{{end}}"}
	for room := range bans {
		if _, known := floor(room); !known && room != "*" {
			t.Errorf("the bans name the room %q, which has no floor", room)
		}
		for path := range bans[room] {
			all = append(all, path)
			if _, ours := strings.CutPrefix(path, "sexton/"); ours && slices.Contains(goList(t, "-deps", "./"+room), path) {
				t.Errorf("%s has %s by way of another room: %s", room, path, bans[room][path])
			}
		}
	}
	for path := range onlyIn {
		if room := func(room string) bool { return matches(path, "sexton/"+room) }; strings.HasSuffix(path, "...") {
			if !slices.ContainsFunc(slices.Concat(floors...), room) {
				t.Errorf("no room matches %s", path)
			}
			continue
		}
		all = append(all, path)
	}
	if gone := goList(t, all...); len(gone) > 0 {
		t.Errorf("these packages are banned, and do not exist: %q", gone)
	}
}

func TestTheMachineHasNoClock(t *testing.T) {
	for _, s := range sources(t) {
		if !inside(s.room, "machine") {
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
