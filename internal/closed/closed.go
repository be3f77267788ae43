// Package closed reads closed sets out of source text: the types that have a marker
// method, and the types that a switch has a case for. A test compares the two, so a
// member of the set that nothing handles is found before it happens.
package closed

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Members are the types in the package in dir that have the marker method, sorted.
func Members(t *testing.T, dir, marker string) (names []string) {
	t.Helper()
	for _, f := range functions(t, dir) {
		if f.Recv != nil && f.Name.Name == marker {
			names = append(names, nameOf(f.Recv.List[0].Type))
		}
	}
	if len(names) == 0 {
		t.Fatalf("%s: no type has the method %s", dir, marker)
	}
	slices.Sort(names)
	return names
}

// Cases are the types that the type switches of a function in dir have a case for, sorted.
func Cases(t *testing.T, dir, function string) (names []string) {
	t.Helper()
	for _, f := range functions(t, dir) {
		if f.Name.Name != function {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSwitchStmt); ok {
				for _, clause := range s.Body.List {
					for _, of := range clause.(*ast.CaseClause).List {
						names = append(names, nameOf(of))
					}
				}
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func functions(t *testing.T, dir string) (all []*ast.FuncDecl) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

// nameOf is the name of a type without its package.
func nameOf(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return nameOf(e.X)
	}
	return ""
}
