package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
)

// refused counts signals that could not be forwarded because the kernel keeps
// no more of them for that user.
type refused struct {
	n       int
	service string // whose the first of them was
	said    machine.Instant
}

// refusedEvery is how often they are spoken of, at most.
const refusedEvery = time.Second

func (r *refused) count(service string) {
	if r.n == 0 {
		r.service = service
	}
	r.n++
}

// sayRefused says how many there were, if that was not said within the time
// given.
func (p *PID1) sayRefused(within time.Duration) {
	r := &p.refused
	if r.n == 0 || r.said > 0 && p.now() < r.said+within {
		return
	}
	p.Output.Say(machine.Error, r.service, fmt.Sprintf("%d queued signals were not forwarded: the kernel keeps no more of them for that user; see RLIMIT_SIGPENDING (ulimit -i)", r.n))
	r.n, r.said = 0, p.now()
}
