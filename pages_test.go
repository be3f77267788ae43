package main

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocCommentsNameHeadings: a comment that points to DESIGN.md names a heading of it.
func TestDocCommentsNameHeadings(t *testing.T) {
	design, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	pointer := regexp.MustCompile(`DESIGN\.md, "([^"\n]+)"`)
	seen := 0
	for _, path := range tracked(t) {
		if ext := filepath.Ext(path); ext != ".go" && ext != ".s" && ext != ".sh" && path != "Makefile" || path == "pages_test.go" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pointer.FindAllStringSubmatch(string(text), -1) {
			seen++
			if !strings.Contains(string(design), "\n## "+m[1]+"\n") && !strings.Contains(string(design), "\n### "+m[1]+"\n") {
				t.Errorf("%s: DESIGN.md has no heading %q", path, m[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no comment points to DESIGN.md")
	}
}

// TestDocPagesNameFiles: the files of Go and assembly that DESIGN.md and HACKING.md name exist.
func TestDocPagesNameFiles(t *testing.T) {
	files := tracked(t)
	named := regexp.MustCompile(`[a-z0-9_*/]+\.(?:go|s)\b`)
	for _, page := range []string{"DESIGN.md", "HACKING.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range named.FindAllString(string(text), -1) {
			exists := func(path string) bool {
				if !strings.Contains(name, "/") {
					path = filepath.Base(path)
				}
				matches, _ := filepath.Match(name, path)
				return matches
			}
			if !slices.ContainsFunc(files, exists) {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
	}
}

// TestDocPagesNameRooms: DESIGN.md has a line for every room, and the comment of main.go names
// every room at the top.
func TestDocPagesNameRooms(t *testing.T) {
	design, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	door, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(door), "\npackage main")
	for _, rooms := range floors {
		for _, room := range rooms {
			if room == "" {
				continue
			}
			if !strings.Contains(string(design), "`"+room+"/`") {
				t.Errorf("DESIGN.md has no line for the room %s", room)
			}
			top, _, _ := strings.Cut(room, "/")
			if !regexp.MustCompile(`\b` + top + `\b`).MatchString(comment) {
				t.Errorf("the comment of main.go does not say where %s is", top)
			}
		}
	}
}

// wordHomes are words with one meaning that names in the code keep to: word -> the rooms that
// may use it. See DESIGN.md, "Words".
var wordHomes = map[string][]string{
	"settle": {"machine"},
	"heed":   {}, "rouse": {}, "farewell": {}, "deaf": {}, "tidy": {}, "stranger": {}, "strangers": {}, // had other names before
}

// TestDocWordsHaveOneMeaning: a name of the code uses a word only in its rooms.
func TestDocWordsHaveOneMeaning(t *testing.T) {
	part := regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)
	for _, s := range sources(t) {
		if outside(s.room) {
			continue
		}
		names := []string{strings.TrimSuffix(filepath.Base(s.path), ".go")}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
			return true
		})
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			for _, word := range part.FindAllString(name, -1) {
				homes, fixed := wordHomes[strings.ToLower(word)]
				if fixed && !slices.ContainsFunc(homes, func(home string) bool { return inside(s.room, home) }) {
					t.Errorf("%s: the name %q uses the word %q, whose rooms are %q", s.path, name, strings.ToLower(word), homes)
				}
			}
		}
	}
}

// tracked lists the files of the tree, without those of tools (.git, .cache).
func tracked(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() {
			files = append(files, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
