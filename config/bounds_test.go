package config

import (
	"fmt"
	"strings"
	"testing"

	"sexton/service"
)

// A limit in a message is a value that may be written.
func TestValuesAtTheirBoundsAreAccepted(t *testing.T) {
	for value, good := range map[string]bool{
		"log = { max_line = 256 }": true, "log = { max_line = 255 }": false,
		`log = { max_line = "16MiB" }`: true, fmt.Sprintf("log = { max_line = %d }", 16<<20+1): false,
		"backoff = { jitter = 0 }": true, "backoff = { jitter = 1 }": true, "backoff = { jitter = 1.1 }": false,
		"ok_codes = [0, 255]": true, "ok_codes = [256]": false,
	} {
		if _, _, err := Parse("f", []byte("[service.web]\ncommand = ['web']\n"+value), ambient, Options{}); (err == nil) != good {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// A file may have exactly MaxBytes. Then its termination log is found too, although it has a mistake.
func TestTerminationLogOfTheLargestFile(t *testing.T) {
	text := "[init]\ntermination_log = \"/run/why\"\nmain = \"nobody\"\n#"
	for _, c := range []struct {
		bytes int
		want  string
	}{{MaxBytes, "/run/why"}, {MaxBytes + 1, service.DefaultTerminationLog}} {
		file := Source{Name: "sexton.toml", Text: []byte(text + strings.Repeat("x", c.bytes-len(text)))}
		if path := TerminationLog([]Source{file}, nil, nil); path != c.want {
			t.Errorf("%d bytes: %q, want %q", c.bytes, path, c.want)
		}
	}
}
