package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
)

// unforwarded counts signals that could not be forwarded because the kernel keeps no more of
// them for that user.
type unforwarded struct {
	n       int
	service string // whose the first of them was
	said    machine.Instant
}

// unforwardedEvery is how often they are spoken of, at most.
const unforwardedEvery = time.Second

func (r *unforwarded) count(service string) {
	if r.n == 0 {
		r.service = service
	}
	r.n++
}

// sayUnforwarded says how many there were, if that was not said within the time
// given.
func (p *PID1) sayUnforwarded(within time.Duration) {
	r := &p.unforwarded
	if r.n == 0 || r.said > 0 && p.now() < r.said+within {
		return
	}
	p.Output.Say(machine.Error, r.service, fmt.Sprintf("%d queued signals were not forwarded: the kernel keeps no more of them for that user; see RLIMIT_SIGPENDING (ulimit -i)", r.n))
	r.n, r.said = 0, p.now()
}
