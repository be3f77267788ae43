package simkernel

import (
	"fmt"
	"slices"
	"time"

	"sexton/proc"
)

// The invented processes: how they are made, what ends them, and what a signal does.

type process struct {
	pid      proc.PID
	group    *group
	session  proc.PID
	parent   *process // nil: the init
	ours     bool     // spawned by the init
	habit    Habit
	nameless bool
	zombie   bool
	gone     bool
	dying    bool
	stopped  bool
	exit     proc.Exit
	birth    uint64
	endings  []*time.Timer
	asked    []proc.Signal // by TERM, INT and QUIT
}

type group struct {
	id      proc.PID
	members int
}

// fork makes a process. Spawned ones lead a group of their own.
func (s *Sim) fork(parent *process, habit Habit) *process {
	p := &process{parent: parent, habit: habit, pid: s.number()}
	if parent == nil || habit.Session {
		p.group, p.session = &group{id: p.pid}, p.pid
	} else {
		p.group, p.session = parent.group, parent.session
	}
	p.group.members++
	s.births++
	p.birth = s.births
	s.processes = append(s.processes, p)
	for _, child := range habit.Forks {
		s.fork(p, child)
	}
	if habit.Leaves && parent != nil {
		p.group.members--
		p.group = &group{id: p.pid, members: 1}
	}
	if habit.Lives > 0 {
		s.endAfter(p, habit.Lives, habit.Exit)
	}
	return p
}

// number gives out a process number, the one that was freed last if there is
// one: nothing tests a confusion of processes better.
func (s *Sim) number() proc.PID {
	if n := len(s.free); n > 0 {
		pid := s.free[n-1]
		s.free = s.free[:n-1]
		return pid
	}
	s.last++
	return s.last
}

// endAfter ends p after a while.
func (s *Sim) endAfter(p *process, wait time.Duration, exit proc.Exit) {
	if wait <= 0 {
		s.end(p, exit)
		return
	}
	p.endings = append(p.endings, time.AfterFunc(wait, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end(p, exit)
	}))
}

// end makes p a zombie, its children orphans, and tells its parent.
func (s *Sim) end(p *process, exit proc.Exit) {
	if p.zombie || p.gone {
		return
	}
	if p.zombie, p.exit = true, exit; p.habit.Starved {
		s.starved++
	}
	for _, timer := range p.endings {
		timer.Stop()
	}
	died := p.parent == nil
	for _, child := range slices.Clone(s.processes) {
		if child.parent == p {
			child.parent = nil
			died = died || child.zombie
		}
	}
	if p.parent != nil && !p.parent.zombie {
		s.release(p) // its own parent reaps it
	}
	if died {
		select {
		case s.childDied <- struct{}{}:
		default: // merged with one that has not been looked at
		}
	}
}

// release frees what a zombie holds.
func (s *Sim) release(p *process) {
	p.gone = true
	s.processes = slices.DeleteFunc(s.processes, func(q *process) bool { return q == p })
	p.group.members--
	if !s.heldAsGroup(p.pid) {
		s.free = append(s.free, p.pid)
	}
	if p.group.members == 0 && p.group.id != p.pid && s.find(p.group.id) == nil {
		s.free = append(s.free, p.group.id)
	}
}

// heldAsGroup tells whether a process still has the number as its group: the
// kernel does not give it out then.
func (s *Sim) heldAsGroup(pid proc.PID) bool {
	return slices.ContainsFunc(s.processes, func(q *process) bool { return q.group.id == pid })
}

func (s *Sim) find(pid proc.PID) *process {
	for _, p := range s.processes {
		if p.pid == pid {
			return p
		}
	}
	return nil
}

// deliverGroup signals the members of g and tells whether there were any.
func (s *Sim) deliverGroup(g *group, sig proc.Signal) bool {
	any := false
	for _, p := range slices.Clone(s.processes) {
		if p.group == g {
			any = true
			s.deliver(p, sig)
		}
	}
	return any
}

func (s *Sim) deliver(p *process, sig proc.Signal) {
	s.record(p, sig)
	if sig == proc.TERM || sig == proc.INT || sig == proc.QUIT {
		if slices.Contains(p.asked, sig) && !p.zombie && !p.habit.Stuck {
			s.again = append(s.again, fmt.Sprintf("%v came again to %d", sig, p.pid))
		}
		p.asked = append(p.asked, sig)
	}
	switch {
	case sig == 0 || p.zombie:
	case sig == proc.CONT:
		p.stopped = false
	case sig == proc.STOP || sig.Stops():
		p.stopped = true
	case sig == proc.KILL:
		if !p.habit.Stuck {
			s.endAfter(p, max(p.habit.Dies, time.Duration(s.dice.IntN(3))*time.Millisecond), proc.Exit{Signal: proc.KILL})
		}
	case p.habit.Stuck || slices.Contains(p.habit.Ignores, sig):
	default:
		exit := proc.Exit{Signal: sig}
		if p.habit.Polite {
			exit = proc.Exit{}
		}
		if !p.dying {
			p.dying = true
			s.endAfter(p, p.habit.Stops, exit)
		}
	}
}
