package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file is one idea, and a function can be seen at once.
const (
	fileMost     = 400 // lines
	functionMost = 60
)

// TestFilesStaySmall: no file of code outside testdata has more than fileMost lines, tests
// included.
func TestFilesStaySmall(t *testing.T) {
	for _, path := range tracked(t) {
		if ext := filepath.Ext(path); ext != ".go" && ext != ".s" && ext != ".sh" || strings.Contains(path, "testdata/") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > fileMost {
			t.Errorf("%s has %d lines; at most %d are allowed", path, n, fileMost)
		}
	}
}

// TestFunctionsStaySmall: no function has more than functionMost lines, tests included.
func TestFunctionsStaySmall(t *testing.T) {
	for _, path := range tracked(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > functionMost {
					t.Errorf("%s: %s has %d lines; at most %d are allowed", path, f.Name.Name, n, functionMost)
				}
			}
		}
	}
}
