package tests

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/story"
)

// These tests hold the documentation to what is so: every example in README.md,
// docs/ and examples/ is checked by what would read it. What is built and run
// is in examples_docker_test.go.

// dockerPage shows parts of files under examples/docker, and nothing else.
const dockerPage = "docs/docker.md"

// block is a fenced block of a page.
type block struct {
	page string
	line int    // of its first line
	kind string // toml, yaml, ...; in lower case
	text string
}

func (b block) where() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// pages lists README.md, the other pages at the top, and docs/.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md", "examples/docker/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 10 {
		t.Fatalf("only %q are there", all)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the fenced blocks of all pages of one of these kinds.
func blocks(t *testing.T, kinds ...string) []block {
	t.Helper()
	var all []block
	for _, page := range pages(t) {
		var b *block
		for i, line := range strings.Split(read(t, page), "\n") {
			word, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
			switch {
			case fence && b == nil:
				b = &block{page: page, line: i + 2, kind: strings.ToLower(word)}
				if word == "" {
					t.Errorf("%s:%d: this block does not say what it is", page, i+1)
				}
			case fence:
				if slices.Contains(kinds, b.kind) {
					all = append(all, *b)
				}
				b = nil
			case b != nil:
				b.text += line + "\n"
			}
		}
		if b != nil {
			t.Errorf("%s: the block has no end", b.where())
		}
	}
	if len(all) == 0 {
		t.Fatalf("no page has a block of %q; does the test still see them?", kinds)
	}
	return all
}

// TestDocsHaveNoOtherBlocks: a kind that nobody checks must not come in.
func TestDocsHaveNoOtherBlocks(t *testing.T) {
	fence := regexp.MustCompile("(?m)^\\s*```(\\S+)")
	checked := []string{"toml", "yaml", "dockerfile", "ini", "sh"}
	for _, page := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(read(t, page), -1) {
			if !slices.Contains(checked, strings.ToLower(m[1])) {
				t.Errorf("%s: a block of %q, which no test checks", page, m[1])
			}
		}
	}
}

// sextonCheck runs the real `sexton check` over a file of this text.
func sextonCheck(t *testing.T, text string, environ ...string) (said string, status int) {
	t.Helper()
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sexton.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "-c", file}
	if layer.MatchString(text) {
		base := filepath.Join(t.TempDir(), "base.toml")
		if err := os.WriteFile(base, []byte(whole("[service.cache]\ncommand = [\"cache\"]\n[service.web]\ncommand = [\"web\"]\ngive_up.starts = 9\n[group.backend]\nservices = [\"cache\", \"web\"]\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		args = []string{"check", "-c", base, "-c", file}
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, environ...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// wrong marks a block that is meant to be wrong, in the comment that it begins with.
var wrong = regexp.MustCompile(`^#.*\bwrong\b`)

// layer marks a block that is a file beside others, in the comment that it begins with: it changes what they say.
var layer = regexp.MustCompile(`^# /etc/sexton\.d/`)

// whole makes a file of a fragment: of one that names no service, the services
// that the fragments speak of.
func whole(text string) string {
	if layer.MatchString(text) {
		return text
	}
	if !regexp.MustCompile(`(?m)^\[service\.`).MatchString(text) {
		text += "\n[service.web]\ncommand = [\"web\"]\n[service.worker]\ncommand = [\"worker\"]\n[service.db]\ncommand = [\"db\"]\n"
		if !regexp.MustCompile(`(?m)^\[init\]`).MatchString(text) {
			text += "[init]\nmain = \"web\"\n"
		}
	}
	return text
}

func TestDocsTOMLIsRight(t *testing.T) {
	check := func(where, text string) {
		said, status := sextonCheck(t, whole(text))
		want := 0
		if wrong.MatchString(text) {
			want = 78
		}
		if status != want {
			t.Errorf("%s: sexton check: status %d, want %d\n%s", where, status, want, said)
		}
	}
	for _, b := range blocks(t, "toml") {
		if b.page != dockerPage {
			check(b.where(), b.text)
		}
	}
	for _, path := range exampleFiles(t, ".toml") {
		check(path, read(t, path))
	}
}

// exampleFiles lists the files under examples/ with this ending.
func exampleFiles(t *testing.T, ending string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("examples", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ending) {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%q under examples/: %q, %v", ending, found, err)
	}
	return found
}

// TestDocsOfDockerShowWhatIsRun: what docs/docker.md shows is a part of a file under
// examples/docker, whole lines of it, and so is built and run.
func TestDocsOfDockerShowWhatIsRun(t *testing.T) {
	files := map[string]string{}
	for _, ending := range []string{"Dockerfile", ".toml", ".yaml", ".sh"} {
		for _, path := range exampleFiles(t, ending) {
			files[path] = read(t, path)
		}
	}
	shown := map[string]bool{}
	for _, b := range blocks(t, "dockerfile", "toml", "yaml", "sh") {
		if b.page != dockerPage {
			continue
		}
		in := false
		for path, text := range files {
			if strings.HasPrefix(path, "examples/docker/") && strings.Contains("\n"+text, "\n"+b.text) {
				in, shown[filepath.Dir(path)] = true, true
			}
		}
		if !in {
			t.Errorf("%s: this is in no file under examples/docker:\n%s", b.where(), b.text)
		}
	}
	for path := range files {
		if dir := filepath.Dir(path); strings.HasPrefix(dir, "examples/docker/") && !shown[dir] {
			t.Errorf("%s shows nothing of %s", dockerPage, dir)
		}
	}
}

var instructions = strings.Fields("ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR")

// execForm is a list behind an instruction, flags before it or not.
var execForm = regexp.MustCompile(`^(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK .*CMD)\s+(\[.*)$`)

func TestDocsDockerfilesCanBeRead(t *testing.T) {
	check := func(where, text string) {
		for _, line := range strings.Split(strings.ReplaceAll(text, "\\\n", ""), "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			word, rest, _ := strings.Cut(line, " ")
			if !slices.Contains(instructions, word) || strings.TrimSpace(rest) == "" {
				t.Errorf("%s: %q is no instruction", where, line)
			}
			if strings.Contains(rest, " # ") {
				continue // only in pages; TestDockerExamples builds the files
			}
			if m := execForm.FindStringSubmatch(line); m != nil && json.Unmarshal([]byte(m[1]), new([]string)) != nil {
				t.Errorf("%s: %s is no list of JSON, so Docker would run a shell", where, m[1])
			}
		}
	}
	for _, b := range blocks(t, "dockerfile") {
		// A remark behind an instruction is for the reader of the page alone.
		check(b.where(), regexp.MustCompile(`(?m)\s{2,}# .*$`).ReplaceAllString(b.text, ""))
	}
	for _, path := range exampleFiles(t, "Dockerfile") {
		check(path, read(t, path))
	}
}

func TestDocsShellCanBeRead(t *testing.T) {
	for _, b := range blocks(t, "sh") {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-n")
		cmd.Stdin = strings.NewReader(b.text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: sh -n: %v\n%s", b.where(), err, out)
		}
	}
}

// TestDocsYAMLIsRight reads every manifest, checks the words of it and the files
// of ours that are in it.
func TestDocsYAMLIsRight(t *testing.T) {
	var all []block
	all = append(all, blocks(t, "yaml")...)
	for _, path := range exampleFiles(t, ".yaml") {
		all = append(all, block{page: path, line: 1, text: read(t, path)})
	}
	for _, b := range all {
		documents, err := readYAML(b.text)
		if err != nil {
			t.Errorf("%s: %v", b.where(), err)
			continue
		}
		for _, document := range documents {
			for _, problem := range checkManifest(document) {
				t.Errorf("%s: %s", b.where(), problem)
			}
			for _, file := range filesIn(document) {
				if said, status := sextonCheck(t, file); status != 0 {
					t.Errorf("%s: sexton check of the ConfigMap: status %d\n%s", b.where(), status, said)
				}
			}
		}
	}
}

// TestDocsComposeFilesAreRight asks docker-compose itself.
func TestDocsComposeFilesAreRight(t *testing.T) {
	compose, err := exec.LookPath("docker-compose")
	if err != nil {
		t.Skip("no docker-compose is installed")
	}
	check := func(where, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), compose, "-f", "compose.yaml", "config", "-q")
		cmd.Dir = dir
		cmd.WaitDelay = 30 * time.Second
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: docker-compose config: %v\n%s", where, err, out)
		}
	}
	for _, b := range blocks(t, "yaml") {
		if strings.HasPrefix(b.text, "services:\n") && b.page != dockerPage {
			check(b.where(), b.text)
		}
	}
	for _, path := range exampleFiles(t, "compose.yaml") {
		check(path, read(t, path))
	}
}
