package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sources are the package's own files, parsed.
func sources(t *testing.T) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file)
	}
	return out
}

// Texts are interface. Every string in the package that has words in it must be
// in a golden file, so that each change of a text, and each new one, is
// visible.
func TestEveryTextStandsInAGoldenFile(t *testing.T) {
	var seen strings.Builder
	paths, _ := filepath.Glob(filepath.Join(testdata, "*", "*.golden"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(text)
	}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.KeyValueExpr: // lists of words that others use
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "others" {
					return false
				}
			case *ast.CallExpr: // the same, and lists of keys
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Fields" {
					return false
				}
			case *ast.BasicLit:
				checkText(t, n, seen.String())
			}
			return true
		})
	}
}

func checkText(t *testing.T, literal *ast.BasicLit, seen string) {
	if literal.Kind != token.STRING {
		return
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`[a-z]{2,}.* |[a-z] .*[a-z]{2,}`).MatchString(text) {
		return // no words
	}
	pattern := regexp.QuoteMeta(text)
	pattern = regexp.MustCompile(`%0?\d*[a-z]`).ReplaceAllString(pattern, ".*")
	if !regexp.MustCompile(pattern).MatchString(seen) {
		t.Errorf("no golden file shows %s", literal.Value)
	}
}

// Start-up time is a feature: this package is linked into the smallest use,
// which needs nothing of it but OneCommand.
func TestNothingRunsWhenThePackageIsLoaded(t *testing.T) {
	for _, file := range sources(t) {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.GenDecl:
				if decl.Tok == token.VAR {
					t.Errorf("%s has a variable: make it a constant, or a function that returns it", file.Name)
				}
			case *ast.FuncDecl:
				if decl.Name.Name == "init" && decl.Recv == nil {
					t.Error("there is a func init")
				}
			}
		}
	}
}
