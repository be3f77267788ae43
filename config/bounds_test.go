package config

import (
	"fmt"
	"testing"
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
