package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sexton/proc"
	"sexton/verbs"
)

// page is a page of the documentation; "*.md": all of docs/.
func page(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob("../docs/" + pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no page %s", pattern)
	}
	var b strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// Each verb and each flag that the usage shows is explained on a page.
func TestDocsNameEveryVerbAndFlag(t *testing.T) {
	docs := page(t, "*.md")
	for _, v := range verbs.All {
		if v.Help != "" && !regexp.MustCompile("`sexton "+v.Name+`\b`).MatchString(docs) {
			t.Errorf("no page of docs/ has the verb %s", v.Name)
		}
	}
	for i := range flags {
		f := &flags[i]
		if f.help != "" && !regexp.MustCompile(`[^-\w]`+f.name()+`\b`).MatchString(docs) {
			t.Errorf("no page of docs/ has the flag %s", f.name())
		}
	}
}

// Each exit status of ours stands in the table of docs/exit-codes.md.
func TestDocsNameEveryExitStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../service/exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	statuses := []string{"0", "137"} // of a stop in good order, and of one with a KILL
	if proc.KILL.Status() != 137 {
		t.Error("what had to be killed has another status")
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.INT {
			statuses = append(statuses, literal.Value)
		}
		return true
	})
	if len(statuses) < 6 {
		t.Fatalf("only %v are known", statuses)
	}
	docs := page(t, "exit-codes.md")
	for _, status := range statuses {
		if !regexp.MustCompile(`(?m)^\|.*\| .*\b` + status + `\b.*\|$`).MatchString(docs) {
			t.Errorf("docs/exit-codes.md has no line for status %s", status)
		}
	}
}
