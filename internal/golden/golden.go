// Package golden compares what a test got with what a file says it should
// get, and rewrites the file with -rewrite. Commit a rewritten file only if you
// understand every line of the difference.
//
// A dialogue file is made of comments (lines that begin with #), and blocks:
// input lines, a line of four dashes, output lines, an empty line.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Rewrite is set by `go test -rewrite`.
var Rewrite = flag.Bool("rewrite", false, "write what the tests get into their golden files")

// File compares got with the contents of path, or writes it there.
func File(t *testing.T, path, got string) {
	t.Helper()
	if *Rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -rewrite writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -rewrite, then read the difference):\n%s", path, Diff(string(want), got))
	}
}

// Dialogues runs answer over every block of every file that matches pattern, one
// subtest a file. begin is called once for each file and returns answer, which
// gets the input lines of a block and returns its output.
func Dialogues(t *testing.T, pattern string, begin func(t *testing.T) func(input []string) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogue matches %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), "# ") {
				t.Errorf("%s: the first line must say what the dialogue proves", file)
			}
			File(t, file, play(string(text), begin(t)))
		})
	}
}

// play answers every block of a dialogue anew.
func play(text string, answer func([]string) string) string {
	var out strings.Builder
	var input []string
	answering := false
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case answering && line != "":
			// The old output goes.
		case answering:
			answering = false
			out.WriteString("\n")
		case line == "----":
			output := answer(input)
			if output == "" {
				output = "(nothing)\n"
			}
			out.WriteString("----\n" + output)
			input, answering = nil, true
		default:
			out.WriteString(line + "\n")
			if line != "" && !strings.HasPrefix(line, "#") {
				input = append(input, line)
			}
		}
	}
	return out.String()
}

// Diff shows the lines from the first to the last in which two texts differ.
func Diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	first := 0
	for first < len(w) && first < len(g) && w[first] == g[first] {
		first++
	}
	lastW, lastG := len(w), len(g)
	for lastW > first && lastG > first && w[lastW-1] == g[lastG-1] {
		lastW, lastG = lastW-1, lastG-1
	}
	var out strings.Builder
	for _, line := range w[max(0, first-2):first] {
		out.WriteString("  " + line + "\n")
	}
	for _, line := range w[first:lastW] {
		out.WriteString("- " + line + "\n")
	}
	for _, line := range g[first:lastG] {
		out.WriteString("+ " + line + "\n")
	}
	return out.String()
}
