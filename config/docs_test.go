package config

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// keys are the names in all rows of all tables, as the source has them: a row that is read names what it expects.
func keys(t *testing.T) (names []string) {
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			name, read := "", false
			for _, element := range literal.Elts {
				pair, ok := element.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch key, _ := pair.Key.(*ast.Ident); {
				case key == nil:
				case key.Name == "name":
					if text, ok := pair.Value.(*ast.BasicLit); ok {
						name, _ = strconv.Unquote(text.Value)
					}
				case key.Name == "read":
					read = true
				}
			}
			if name != "" && read {
				names = append(names, name)
			}
			return true
		})
	}
	return names
}

// Each key that is read is written on a page, in code: in the first column of a table, or in an example.
func TestDocsNameEveryKey(t *testing.T) {
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages")
	}
	var code strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, span := range regexp.MustCompile("(?s)```toml.*?```|`[^`\n]+`").FindAllString(string(text), -1) {
			code.WriteString(span + "\n")
		}
	}
	all := keys(t)
	if len(all) < 60 {
		t.Fatalf("only %q are known", all)
	}
	for _, name := range all {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(code.String()) {
			t.Errorf("no page of docs/ has the key %s", name)
		}
	}
	config, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	var columns strings.Builder // the first one of each table
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(string(config), -1) {
		columns.WriteString(m[1] + "\n")
	}
	var tables []string
	for _, name := range [][]string{namesRead(initRows()), namesRead(serviceRows()), namesRead(logRows(true))} {
		tables = append(tables, name...)
	}
	for _, name := range tables {
		if !strings.Contains(columns.String(), "`"+name+"`") {
			t.Errorf("docs/config.md has no line for %s", name)
		}
	}
}

func namesRead[T any](rows []row[T]) (names []string) {
	for _, row := range rows {
		if row.read != nil {
			names = append(names, row.name)
		}
	}
	return names
}
