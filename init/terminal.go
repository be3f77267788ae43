package pid1

import "sexton/service"

// findTerminal looks for the terminal of the service with tty.
func (p *PID1) findTerminal() {
	owner := p.terminalOwner()
	if owner == nil {
		return
	}
	p.terminal, p.hasTerminal = p.Kernel.FindTerminal()
	p.shares = p.hasTerminal || !p.Plan.Init.Heir && p.Kernel.OnTerminal()
	if p.hasTerminal && owner.spec.Session {
		p.hasTerminal = p.Kernel.GiveUpTerminal(p.terminal)
	}
}

// ownSession tells whether a service gets a session of its own. All do except an heir
// (service.Policies), and the service that gets our terminal or may get it later, because job control
// works within one session. In a shared session a process of one service could join the group
// of another (setpgid(2) checks the session, not the user): that group would never be empty,
// and would get signals that are meant for others.
func (p *PID1) ownSession(spec *service.Spec) bool {
	return spec.Session || !p.Plan.Init.Heir && !(spec.TTY && p.shares)
}

// foreground passes the terminal on when a shell has brought us to the front after we were
// started in the background or stopped. Otherwise our command could not read from it, and
// would not get Ctrl-C.
func (p *PID1) foreground() {
	owner := p.terminalOwner()
	if owner == nil || owner.spec.Session {
		return
	}
	if !p.hasTerminal {
		p.terminal, p.hasTerminal = p.Kernel.FindTerminal()
	}
	for pid, child := range p.children {
		if p.hasTerminal && child.handle == owner && child.serves() && p.Kernel.GiveTerminal(p.terminal, pid) {
			p.holder = pid
		}
	}
}

// terminalOwner is the one service that gets the terminal; nil: none.
func (p *PID1) terminalOwner() *handle {
	for i := range p.Plan.Services {
		if p.Plan.Services[i].TTY {
			return p.handles[p.Plan.Services[i].Name]
		}
	}
	return nil
}

// takeTerminalBack makes our group the foreground group again, if it is the holder's.
func (p *PID1) takeTerminalBack() {
	p.Kernel.TakeBack(p.terminal, p.holder)
	p.holder = 0
}
