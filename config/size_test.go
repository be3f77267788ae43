package config

import (
	"fmt"
	"testing"
)

// A limit in a message is a size that may be written.
func TestSizesAtTheirBoundsAreAccepted(t *testing.T) {
	for value, good := range map[string]bool{"256": true, "255": false, `"16MiB"`: true, fmt.Sprint(16<<20 + 1): false} {
		if _, _, err := Parse("f", []byte("[service.web]\ncommand = ['web']\nlog = { max_line = "+value+" }"), ambient, Options{}); (err == nil) != good {
			t.Errorf("max_line = %s: %v", value, err)
		}
	}
}
