package service

import "time"

// Schedule is a `schedule` key: when a service runs, again and again. The zero value: it has
// none.
type Schedule struct {
	Cron    string        // package cron reads it; never "@reboot", which is an ordinary oneshot
	Zone    string        // a name of the time zone database; "": the container's
	Jitter  time.Duration // each run begins later by a part of this, by chance
	Overlap Overlap
}

// Overlap says what happens when a run is due while the last one has not ended.
type Overlap uint8

const (
	Skip  Overlap = iota // it is left out
	Queue                // it begins when that one has ended; one at most waits
	Kill                 // that one is stopped, by its ladder
)

func (o Overlap) String() string { return [...]string{"skip", "queue", "kill"}[o] }

// Scheduled tells whether the service runs at certain times.
func (s *Spec) Scheduled() bool { return s.Schedule.Cron != "" }
