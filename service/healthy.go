package service

import "time"

// Healthy is a `healthy` table: how a service that is ready is asked again and again. The
// zero value: it is not asked.
type Healthy struct {
	Probe                     // of a schedule: none. Within has no meaning
	Failures    int           // how many attempts, or runs of a schedule, have to fail in a row
	Watchdog    time.Duration // it says WATCHDOG=1 on NOTIFY_SOCKET at least so often; 0: it need not
	StartPeriod time.Duration // failures before that, counted from the start, do not count until one attempt has succeeded
}
