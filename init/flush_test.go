package pid1

import (
	"testing"
	"time"
)

// The last output keeps within the grace, and gets a moment even when that is over.
func TestLastWordsGetAMoment(t *testing.T) {
	for _, c := range []struct{ left, grace, want time.Duration }{
		{9 * time.Second, 10 * time.Second, 8950 * time.Millisecond},
		{60 * time.Millisecond, 10 * time.Second, 25 * time.Millisecond},
		{0, 10 * time.Second, 25 * time.Millisecond},
		{-time.Second, 10 * time.Second, 25 * time.Millisecond},
		{-time.Second, 300 * time.Millisecond, 15 * time.Millisecond},
		{20 * time.Millisecond, 100 * time.Millisecond, 10 * time.Millisecond},
		{0, 100 * time.Millisecond, 5 * time.Millisecond},
	} {
		got := outputTime(c.left, c.grace)
		if got != c.want {
			t.Errorf("%v left of %v: %v, want %v", c.left, c.grace, got, c.want)
		}
	}
}
