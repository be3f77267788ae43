package pid1

import (
	"strings"
	"time"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// A service is its tree: processes that descend from a run but have left its process group get
// the steps of the ladder too, and the stop waits for them. family.go finds the descendants.
//
// A member outside the group is left to its parent as long as the parent lives, and gets the
// step when it is an orphan. A parent that lives on after the step ends its children in its
// own way, and our signal would get in its way: postgres, whose backends each have a session, tini,
// dumb-init, sudo, a shell with job control. A job of cron is an orphan as soon as cron has
// ended. KILL goes to every member.

// tree holds the descendants of a run beyond its group, from the beginning of its stop on.
type tree struct {
	leader  proc.PID
	handle  *handle
	scope   proc.Scope
	members map[proc.PID]proc.Other // alive when they were seen last
	stepped map[proc.PID]bool       // the groups that have got the present step
	step    proc.Signal
	spared  bool            // some member is left to its parent
	killed  machine.Instant // when KILL was sent first; 0: it was not
	looked  machine.Instant
	told    int
}

// signalTree sends one step of a ladder to the group, and to the members beyond it. We look for
// members before we send: the signal may end a parent, and with it the proof where its
// children come from. CONT goes to the group alone; the members get theirs with each step.
func (p *PID1) signalTree(a machine.Signal) {
	t := p.lookAtTree(a.Run, a.Scope)
	p.nameKilled(a, t)
	p.signalGroupOf(a)
	if t == nil {
		return
	}
	t.step, t.stepped = a.Signal, make(map[proc.PID]bool)
	if a.Signal == proc.KILL && t.killed == 0 {
		t.killed = p.now()
	}
	p.stepMembers(t)
}

// stepMembers sends the present step to those groups beyond the run's that have not got it
// and have an orphan in them. The other groups are left to their parents. KILL goes to all.
// A process that got TERM as a stray, before its environment was seen to name the service,
// gets nothing before KILL.
func (p *PID1) stepMembers(t *tree) {
	if t.step == 0 { // a hook begins the stop
		return
	}
	us, _ := p.Kernel.Look(0)
	due := make(map[proc.PID]bool)
	for _, other := range t.members {
		if t.step != proc.KILL && p.strays.wasAsked(other) {
			t.stepped[other.Group] = true // the TERM of a stray was its step
		}
	}
	for _, other := range t.members {
		if t.step == proc.KILL || other.Parent == us.PID && !t.stepped[other.Group] {
			due[other.Group] = true
		}
	}
	t.spared = false
	for _, other := range t.members {
		switch {
		case due[other.Group]:
			t.stepped[other.Group] = true
			p.signalOther(other, t.step)
		case !t.stepped[other.Group]:
			t.spared = true
		}
	}
}

// stepOrphans sends the present step to members that were left to their parents and have
// become orphans.
func (p *PID1) stepOrphans(run service.Run) {
	if t := p.trees[run]; t != nil && t.spared && t.killed == 0 {
		p.forgetDead(t)
		p.stepMembers(t)
	}
}

// spares tells whether some member of a tree was left to its parent.
func (p *PID1) spares() bool {
	for _, t := range p.trees {
		if t.spared && t.killed == 0 {
			return true
		}
	}
	return false
}

// widen makes all of a run's tree a part of its stop.
func (p *PID1) widen(run service.Run) {
	if t := p.trees[run]; t != nil {
		p.lookAgain(run, proc.Tree)
	}
}

// lookAgain adds new members to a tree, and sends the present step to the groups that have
// not got it. A new process in a group that has got it gets nothing before the next step.
// KILL goes to all.
func (p *PID1) lookAgain(run service.Run, scope proc.Scope) {
	p.lookAtTree(run, scope)
	p.stepMembers(p.trees[run])
}

// signalGroup signals what is left of a watched group; signal 0 only asks. When nothing is left
// of the group or of the tree beyond it, it tells the machine.
func (p *PID1) signalGroup(run service.Run, sig proc.Signal) {
	if hold := p.watched[run]; hold != nil && !hold.Signal(sig) && !p.treeLeft(run) {
		hold.Release()
		delete(p.watched, run)
		delete(p.trees, run)
		p.answers = append(p.answers, machine.Emptied{Run: run})
	}
}

// treeLeft tells whether a member of a run's tree is left, once its group is empty. A second
// after KILL we stop waiting: what forks faster than we look, or hangs in the kernel, is left
// to the container's end.
func (p *PID1) treeLeft(run service.Run) bool {
	t := p.trees[run]
	if t == nil || t.killed != 0 && p.now() > t.killed+treePatience {
		return false
	}
	p.forgetDead(t)
	if len(t.members) == 0 || t.killed != 0 && p.now() > t.looked+killAgainEvery {
		p.lookAgain(run, t.scope) // for new members, and those that the last look has missed
	}
	return len(t.members) > 0
}

// forgetDead forgets the members that have ended, because their numbers may belong to other
// processes by now, and looks up the present parents of the others.
func (p *PID1) forgetDead(t *tree) {
	for pid, other := range t.members {
		now, alive := p.Kernel.Look(pid)
		if !alive || now.Started != other.Started {
			delete(t.members, pid)
		} else {
			t.members[pid] = now
		}
	}
}

// treePatience is how long members beyond the group may take to die of KILL.
const treePatience = time.Second

// lookAtTree looks for the descendants of a run beyond its group and adds them to the run's
// tree: all of them, or with proc.Core those that must not outlive the run. It returns nil
// for a run that has ended.
func (p *PID1) lookAtTree(run service.Run, scope proc.Scope) *tree {
	t := p.trees[run]
	if t == nil {
		child := p.runs[run]
		if child == nil {
			return nil
		}
		t = &tree{leader: child.pid, handle: child.handle, members: make(map[proc.PID]proc.Other)}
		p.trees[run] = t
	}
	t.scope, t.looked = scope, p.now()
	if scope == proc.Core && t.step == 0 {
		if _, alive := p.Kernel.Look(t.leader); !alive {
			p.addServers(t, p.runs[run])
			return t // it has ended by itself; its other descendants are orphans by now
		}
	}
	p.forgetDead(t)
	inside, beyond := p.descendants(t, p.runs[run] != nil)
	if scope == proc.Core {
		beyond = p.core(t, inside, beyond)
	}
	var came []proc.Other
	for _, other := range beyond {
		if _, known := t.members[other.PID]; !known {
			t.members[other.PID] = other
			came = append(came, other)
		}
	}
	p.tellEscaped(run, t, came)
	return t
}

// tellEscaped tells the machine of new members.
func (p *PID1) tellEscaped(run service.Run, t *tree, came []proc.Other) {
	if t.step == proc.KILL {
		return
	}
	for _, claimed := range []bool{false, true} {
		var names []string
		for _, other := range came {
			if p.kin[other.PID].claimed != claimed {
				continue
			}
			if t.told++; t.told <= tellMost {
				names = append(names, p.called(other))
			}
		}
		if len(names) > 0 {
			p.answers = append(p.answers, machine.Escaped{Run: run, Names: strings.Join(names, ", "), Claimed: claimed})
		}
	}
}

// nameKilled tells the machine which processes get KILL of a run whose first process has ended.
func (p *PID1) nameKilled(a machine.Signal, t *tree) {
	hold := p.watched[a.Run]
	if a.Signal != proc.KILL || hold == nil || p.runs[a.Run] != nil || t != nil && t.killed != 0 {
		return
	}
	named := 0
	for _, other := range p.Kernel.Others(p.lookLeft()) {
		member := other.Group == hold.Group()
		if t != nil {
			_, escaped := t.members[other.PID]
			member = member || escaped
		}
		if member && named < tellMost {
			named++
			p.answers = append(p.answers, machine.Stray{PID: other.PID, Command: p.Kernel.NameOf(other.PID), Service: a.Service, Killed: true})
		}
	}
}
