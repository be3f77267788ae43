package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A check that changes a plan would make a plan depend on what was checked, and in which order. For good files and
// bad ones, the draft is the same afterwards.
func TestChecksChangeNothing(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata, "*", "*.toml"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no files")
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		environ, options := directives(string(text))
		r := &reader{file: &file{name: "f"}, environment: newEnvironment(environ), options: options}
		root := r.syntax(text)
		if root == nil {
			continue
		}
		d := r.draft(root)
		before := dump(d.plan(), nil) + fmt.Sprintf("%+v", d.plan())
		r.check(d)
		if after := dump(d.plan(), nil) + fmt.Sprintf("%+v", d.plan()); after != before {
			t.Errorf("%s: before the check\n%s\nafter it\n%s", path, before, after)
		}
	}
}
