package simkernel

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"sexton/proc"
)

// What is left: groups without a leader, strangers, and all that an invented
// kernel has nothing to say about.

// Stopped: see kernel.Linux.
func (s *Sim) Stopped(pid proc.PID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(pid)
	return p != nil && p.stopped
}

// Hold: see kernel.Linux.
func (s *Sim) Hold(pid proc.PID) proc.Hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(pid)
	if p == nil || !p.zombie || !p.ours {
		s.wrong("hold of the group of %d, which is no zombie of ours", pid)
		return hold{s, &group{}}
	}
	return hold{s, p.group}
}

type hold struct {
	sim   *Sim
	group *group
}

func (h hold) Signal(sig proc.Signal) bool {
	h.sim.mu.Lock()
	defer h.sim.mu.Unlock()
	return h.sim.deliverGroup(h.group, sig)
}

func (h hold) Group() proc.PID { return h.group.id }

func (h hold) Release() {}

// SignalAll: see kernel.Linux.
func (s *Sim) SignalAll(sig proc.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := false
	for _, p := range slices.Clone(s.processes) {
		left = left || !s.Subreaper || !p.zombie
		s.deliver(p, sig)
	}
	return left
}

// Others: see kernel.Linux. It takes as long as there is a crowd to look through.
func (s *Sim) Others(most time.Duration) (others []proc.Other) {
	if !s.Subreaper {
		time.Sleep(min(most, s.Crowd))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		if p.zombie {
			continue
		}
		others = append(others, p.other())
	}
	return others
}

func (p *process) other() proc.Other {
	other := proc.Other{PID: p.pid, Parent: 1, Group: p.group.id, Session: p.session, Started: p.birth}
	if p.parent != nil {
		other.Parent = p.parent.pid
	}
	return other
}

// Children: see kernel.Linux.
func (s *Sim) Children() (pids []proc.PID, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		if p.parent == nil {
			pids = append(pids, p.pid)
		}
	}
	return pids, true
}

// Below: see kernel.Linux.
func (s *Sim) Below(roots []proc.PID, most time.Duration) (below []proc.Other) {
	if !s.Subreaper {
		time.Sleep(min(most, s.Crowd))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		if p.zombie {
			continue
		}
		for up := p.parent; up != nil; up = up.parent {
			if slices.Contains(roots, up.pid) {
				below = append(below, p.other())
				break
			}
		}
	}
	return below
}

// Look: see kernel.Linux.
func (s *Sim) Look(pid proc.PID) (o proc.Other, alive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pid == 0 {
		return proc.Other{PID: 1, Session: 1}, true // the init: see other
	}
	if p := s.find(pid); p != nil && !p.zombie {
		return p.other(), true
	}
	return proc.Other{}, false
}

// UserOf: see kernel.Linux.
func (s *Sim) UserOf(pid proc.PID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(pid); p != nil {
		return p.habit.User
	}
	return 0
}

// Listening: see kernel.Linux.
func (s *Sim) Listening(pids []proc.PID, _ time.Duration) map[proc.PID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	listening := make(map[proc.PID]bool)
	for _, pid := range pids {
		if p := s.find(pid); p != nil && p.habit.Listens && !p.zombie {
			listening[pid] = true
		}
	}
	return listening
}

// ServiceOf: see kernel.Linux.
func (s *Sim) ServiceOf(pid proc.PID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(pid); p != nil {
		return p.habit.Says
	}
	return ""
}

// SignalOther: see kernel.Linux.
func (s *Sim) SignalOther(o proc.Other, sig proc.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(o.PID); p != nil && p.birth == o.Started {
		s.deliver(p, sig)
	}
}

// Connections: they come by chance, and sometimes they cannot be seen.
func (s *Sim) Connections() func() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dice := rand.New(rand.NewPCG(s.dice.Uint64(), 5))
	blind := dice.IntN(10) == 0
	return func() (int, error) {
		if blind {
			return 0, syscall.EACCES
		}
		return max(0, dice.IntN(8)-6), nil
	}
}

// OutOfMemory: see kernel.Linux.
func (s *Sim) OutOfMemory() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.starved
	s.starved = 0
	return n
}

// First: see kernel.Linux.
func (s *Sim) First() bool { return !s.Subreaper }

// AdoptOrphans: see kernel.Linux.
func (s *Sim) AdoptOrphans() error {
	s.call("AdoptOrphans")
	return s.NoSubreaper
}

// FindTerminal: there is none.
func (s *Sim) FindTerminal() (proc.Terminal, bool) { return proc.Terminal{}, false }

// OnTerminal: there is none.
func (s *Sim) OnTerminal() bool { return false }

// GiveUpTerminal: there is none.
func (s *Sim) GiveUpTerminal(proc.Terminal) bool { return false }

// Suspend only notes the call: nothing would continue us.
func (s *Sim) Suspend() { s.call("Suspend") }

// TakeBack: there is none.
func (s *Sim) TakeBack(proc.Terminal, proc.PID) {}

// GiveTerminal: there is none.
func (s *Sim) GiveTerminal(proc.Terminal, proc.PID) bool { return false }

// HoldsTerminal: there is none.
func (s *Sim) HoldsTerminal(proc.Terminal, proc.PID) bool { return false }

// LeaveNothingOpen: nothing is.
func (s *Sim) LeaveNothingOpen() { s.call("LeaveNothingOpen") }

// NameOf: see kernel.Linux.
func (s *Sim) NameOf(pid proc.PID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(pid); p != nil && !p.nameless {
		return p.habit.Name
	}
	return ""
}

// Trim: there is nothing to give back.
func (s *Sim) Trim(bool) { s.call("Trim") }

// ReserveThreads: see kernel.Linux.
func (s *Sim) ReserveThreads(n int) int {
	s.call("ReserveThreads %d", n)
	if s.Threads > 0 {
		return min(n, s.Threads)
	}
	return n
}

// SkipTo: numbers are given as they come.
func (s *Sim) SkipTo(first proc.PID) { s.call("SkipTo %d", first) }

// Escape makes a process whose parent has ended.
func (s *Sim) Escape(habit Habit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fork(nil, habit)
}
