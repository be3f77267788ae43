package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sexton/service"
)

// The table of servers in docs/docker.md is that of the code.
func TestDocsListTheServers(t *testing.T) {
	text, err := os.ReadFile("docs/docker.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range service.Programs() {
		reload, foreground, remarks := "", "", p.AtTERM
		if p.Reload != 0 {
			reload = p.Reload.String()
		}
		if p.ToForeground() != "" {
			foreground = "`" + strings.Trim(p.ToForeground(), "`") + "`"
		}
		if p.Unless != "" {
			remarks += ", unless it has " + p.Unless
		}
		if p.Alone != "" {
			remarks = strings.TrimPrefix(remarks+"; a signal to the group loses "+p.Alone, "; ")
		}
		row := fmt.Sprintf("| %s | %v | %s | %s | %s | %s |\n", p.Name, p.Stop, reload, foreground, remarks, p.Source)
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/docker.md lacks the line\n%s", row)
		}
	}
}
