package pid1

import "sexton/service"

// findTerminal looks for a terminal to give to the service that wants it.
func (p *PID1) findTerminal() {
	owner := p.terminalOwner()
	if owner < 0 {
		return
	}
	p.terminal, p.hasTerminal = p.Kernel.FindTerminal()
	p.shares = p.hasTerminal || !p.Plan.Init.Heir && p.Kernel.OnTerminal()
	if p.hasTerminal && p.Plan.Services[owner].Session {
		p.hasTerminal = p.Kernel.GiveUpTerminal(p.terminal)
	}
}

// ownSession tells whether a service gets a session of its own. All do but an heir
// (service.Policies), and the one that gets our terminal or may get it later: job control works within
// a session. In one session a process of one service could join the group of
// another (setpgid(2) asks for the same session, not for the same user): that
// group would never be empty, and would get signals that are meant for others.
func (p *PID1) ownSession(spec *service.Spec) bool {
	return spec.Session || !p.Plan.Init.Heir && !(spec.TTY && p.shares)
}

// foreground passes the terminal on when a shell has brought us to its front: we were
// started in the background, or stopped. Without that our command could not read,
// and whoever has stopped for that hears no Ctrl-C.
func (p *PID1) foreground() {
	owner := p.terminalOwner()
	if owner < 0 || p.Plan.Services[owner].Session {
		return
	}
	if !p.hasTerminal {
		p.terminal, p.hasTerminal = p.Kernel.FindTerminal()
	}
	for pid, child := range p.children {
		if p.hasTerminal && child.spec == owner && child.serves() && p.Kernel.GiveTerminal(p.terminal, pid) {
			p.holder = pid
		}
	}
}

// terminalOwner is the service that gets the terminal; -1: none. There is one
// at most.
func (p *PID1) terminalOwner() int {
	for i := range p.Plan.Services {
		if p.Plan.Services[i].TTY {
			return i
		}
	}
	return -1
}

// takeTerminalBack makes us the one in front again, if the holder still is.
func (p *PID1) takeTerminalBack() {
	p.Kernel.TakeBack(p.terminal, p.holder)
	p.holder = 0
}
