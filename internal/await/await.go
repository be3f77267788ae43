// Package await lets a test wait for a condition, for a bounded time.
package await

import (
	"testing"
	"time"
)

// Patience bounds every wait of the tests.
const Patience = 20 * time.Second

// Until waits until the condition holds, and ends the test if it does not within Patience.
func Until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	end := time.After(Patience)
	for !holds() {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("not within %v: %s", Patience, what)
		}
	}
}
