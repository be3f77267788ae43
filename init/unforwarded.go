package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
)

// unforwarded counts signals that could not be forwarded, because the queue of the receiver's
// user was full.
type unforwarded struct {
	n       int
	service string // for which the first of them was
	said    machine.Instant
}

// unforwardedEvery is the shortest time between two lines about them.
const unforwardedEvery = time.Second

func (r *unforwarded) count(service string) {
	if r.n == 0 {
		r.service = service
	}
	r.n++
}

// sayUnforwarded says how many there were, unless we have said so within the time given.
func (p *PID1) sayUnforwarded(within time.Duration) {
	r := &p.unforwarded
	if r.n == 0 || r.said > 0 && p.now() < r.said+within {
		return
	}
	p.Output.Say(machine.Error, r.service, fmt.Sprintf("%d queued signals were not forwarded: the queue of the user is full; see RLIMIT_SIGPENDING (ulimit -i)", r.n))
	r.n, r.said = 0, p.now()
}
