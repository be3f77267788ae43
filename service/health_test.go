package service

import "testing"

func TestHealthNamesEachMissingServiceOnce(t *testing.T) {
	r := Report{Services: []Status{
		{Name: "db", State: BackingOff, Waits: "its next start in 2s"},
		{Name: "web", State: Waiting, Waits: "db"},
		{Name: "api", State: Starting, Waits: "waiting for 300ms"},
	}}
	const want = "db: backoff, waiting for its next start in 2s; web: waiting for db; api: starting, waiting for 300ms"
	if ok, words := r.Health(nil, false); ok || words != want {
		t.Errorf("%v, %q; want %q", ok, words, want)
	}
}
