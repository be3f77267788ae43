package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page on other inits' names proves itself by stories: those that it names
// are there, and those that are there it names.
func TestDropInPageNamesItsStories(t *testing.T) {
	page, err := os.ReadFile("docs/drop-in.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`dropin-[a-z-]+`).FindAllString(string(page), -1)
	paths, err := filepath.Glob("testdata/stories/dropin-*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var stories []string
	for _, path := range paths {
		stories = append(stories, strings.TrimSuffix(filepath.Base(path), ".txtar"))
	}
	for _, name := range named {
		if !slices.Contains(stories, name) {
			t.Errorf("docs/drop-in.md names %s, which is no story", name)
		}
	}
	for _, name := range stories {
		if !slices.Contains(named, name) {
			t.Errorf("docs/drop-in.md does not name %s", name)
		}
	}
}
