package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
)

// What is said to the service manager that started us (Config.Notify).

// notice is what it was told last, and whether it has heard it.
type notice struct {
	status   string
	ready    bool // READY=1 was sent, which cannot be taken back
	stopping bool
	again    bool // it had no room for the last message
	failed   bool // that a message could not be sent was said
}

// notifyAgain is how long we wait until we send again what the manager had no room for.
const notifyAgain = 100 * time.Millisecond

// notify tells the manager what has changed.
func (p *PID1) notify() {
	if p.Notify == nil {
		return
	}
	r := p.machine.Readiness()
	message, now := "", p.notice
	switch {
	case r.Stopping:
		now.status, now.stopping = "stopping", true
	case r.Ready:
		now.status, now.ready = fmt.Sprintf("ready, services: %d", r.All), true
	default:
		now.status = fmt.Sprintf("not ready, services: %d of %d", r.Good, r.All)
	}
	now.again = false
	if now == p.notice {
		return
	}
	if now.ready && !p.notice.ready {
		message = "READY=1\n"
	}
	if now.stopping && !p.notice.stopping {
		message = "STOPPING=1\n"
	}
	full, err := p.Notify(message + "STATUS=" + now.status)
	switch {
	case full:
		p.notice.again = true
		return
	case err != nil && !now.failed:
		now.failed = true
		p.Output.Say(machine.Debug, "", fmt.Sprintf("who started us is not told of our state: NOTIFY_SOCKET: %v", err))
	}
	p.notice = now
}
