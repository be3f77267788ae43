package health

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sexton/service"
)

// Each metric has a line in docs/operate.md.
func TestDocsNameEveryMetric(t *testing.T) {
	docs, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	answer := someAnswer()
	s := &Server{Output: func() []service.Output { return nil }}
	names := regexp.MustCompile(`(?m)^# HELP (\S+) `).FindAllStringSubmatch(s.metrics(&answer), -1)
	if len(names) < 20 {
		t.Fatalf("only %q are there", names)
	}
	for _, m := range names {
		if !regexp.MustCompile("`" + m[1] + `\b`).Match(docs) {
			t.Errorf("docs/operate.md does not have %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`(sexton_\\w+)").FindAllStringSubmatch(string(docs), -1) {
		if !strings.Contains(s.metrics(&answer), "# HELP "+m[1]+" ") {
			t.Errorf("docs/operate.md has %s, and /metrics does not", m[1])
		}
	}
}
