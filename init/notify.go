package pid1

import (
	"fmt"
	"time"

	"sexton/machine"
)

// What we tell the service manager that started us (Config.Notify).

// notice is what the manager was told last.
type notice struct {
	status   string
	ready    bool // READY=1 was sent; it cannot be taken back
	stopping bool
	again    bool // there was no room for the last message
	failed   bool // we have said that a message could not be sent
}

// notifyAgain is how long we wait before we send a message again for which there was no room.
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
		p.Output.Say(machine.Debug, "", fmt.Sprintf("cannot report to the service manager that started sexton: NOTIFY_SOCKET: %v", err))
	}
	p.notice = now
}
