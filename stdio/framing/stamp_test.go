package framing

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	for range 1000 {
		now := time.Unix(rand.Int64N(4e9), rand.Int64N(1e9))
		got := stamp(now)
		if want := now.UTC().Format("2006-01-02T15:04:05.000000000Z"); string(got[:]) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The time is as strftime(3) writes it in the C locale with "%h %e %T" (syslog.c of glibc).
func TestLocalStamp(t *testing.T) {
	for day := range 366 {
		at := time.Date(2028, 1, 1, 23, 59, 8, 5, time.UTC).AddDate(0, 0, day)
		s := stamp(at)
		var got [stampLocal]byte
		putLocal(got[:], &s)
		if want := at.Format(time.Stamp); string(got[:]) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
