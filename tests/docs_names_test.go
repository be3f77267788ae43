package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sexton/internal/story"
)

// TestDocsNameWhatSupervisorHas: every key of the examples for supervisord is
// in the table of what becomes of it.
func TestDocsNameWhatSupervisorHas(t *testing.T) {
	for _, b := range blocks(t, "ini") {
		table := read(t, b.page)
		for _, line := range strings.Split(b.text, "\n") {
			switch key, _, assigned := strings.Cut(line, "="); {
			case strings.TrimSpace(line) == "" || strings.HasPrefix(line, ";"):
			case strings.HasPrefix(line, "["):
				if !regexp.MustCompile(`^\[(supervisord|program:[a-z]+)\]$`).MatchString(line) {
					t.Errorf("%s: %q is no section of supervisord's", b.where(), line)
				}
			case !assigned:
				t.Errorf("%s: %q is no key with a value", b.where(), line)
			default:
				if !strings.Contains(table, "`"+strings.TrimSpace(key)+"`") && !strings.Contains(table, "`"+strings.TrimSpace(key)+"=") {
					t.Errorf("%s: %q is in the example, and not in the table", b.where(), key)
				}
			}
		}
	}
}

// TestDocsExampleForSupervisorIsOne asks supervisor itself, where it is installed.
func TestDocsExampleForSupervisorIsOne(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import supervisor").Run(); err != nil {
		t.Skipf("no supervisor is installed: %v", err)
	}
	for _, b := range blocks(t, "ini") {
		file := filepath.Join(t.TempDir(), "supervisord.conf")
		// Its users need not be here.
		text := regexp.MustCompile(`(?m)^user=.*\n`).ReplaceAllString(b.text, "")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, "-c", `import sys
from supervisor.options import ServerOptions
o = ServerOptions()
o.realize(["-n", "-c", sys.argv[1]])
print([(p.name, p.command) for g in o.process_group_configs for p in g.process_configs])`, file)
		cmd.Env = []string{"PATH=/usr/bin:/bin", "MODE=prod"}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "('web', 'nginx ") {
			t.Errorf("%s: %v\n%s", b.where(), err, out)
		}
	}
}

// TestDocsNameVerbsThatAre: a command line of ours in the text, in backticks or
// indented, begins with a verb or a flag that `sexton --help` has.
func TestDocsNameVerbsThatAre(t *testing.T) {
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), binary, "--help").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile("(?m)(?:`|^ {4}(?:.* )?/)sexton ([a-z-][a-zA-Z-]*)")
	seen := 0
	for _, page := range pages(t) {
		for _, m := range said.FindAllStringSubmatch(read(t, page), -1) {
			seen++
			known := regexp.MustCompile(`(?m)(?:^  sexton |^ +|, )` + regexp.QuoteMeta(m[1]) + `\b`)
			if m[1] != "--" && m[1] != "--help" && !known.Match(help) {
				t.Errorf("%s: %q, and there is no such thing:\n%s", page, strings.TrimSpace(m[0]), help)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d command lines were seen", seen)
	}
}

// link is a link of Markdown to something that is not in the network.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestDocsLinksLeadSomewhere(t *testing.T) {
	fenced := regexp.MustCompile("(?ms)^```.*?^```")
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: [...](%s): %v", page, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(read(t, path)), anchor) {
				t.Errorf("%s: [...](%s): %s has no such heading", page, m[1], path)
			}
		}
	}
}

// anchors are the names that headings of a page have on the web.
func anchors(text string) []string {
	var all []string
	for _, line := range strings.Split(text, "\n") {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			all = append(all, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return all
}
