package config

import (
	"testing"
	"time"
)

// SEXTON_GRACE limits one command, unless it is unset or empty. A wrong value is an error, not a grace of zero.
func TestGraceOfTheEnvironment(t *testing.T) {
	for entry, want := range map[string]time.Duration{"A=1": time.Minute, "SEXTON_GRACE=": time.Minute, "SEXTON_GRACE=28s": 28 * time.Second, "SEXTON_GRACE=28": 0} {
		grace := time.Minute
		if err := GraceOfEnvironment([]string{"B=2", entry}, &grace); (err != nil) != (want == 0) || err == nil && grace != want {
			t.Errorf("%s: %v, %v", entry, grace, err)
		}
	}
}
