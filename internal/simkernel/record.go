package simkernel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/proc"
)

// What a test wants to know afterwards: which signal reached which process, and when.

// Sent is one signal that has reached a process.
type Sent struct {
	At     time.Duration // since New
	To     string        // the process's name
	Signal proc.Signal
}

func (s Sent) String() string { return fmt.Sprintf("%v %v to %s", s.At, s.Signal, s.To) }

// Sent lists the signals that have reached processes of these names, or all of them without
// names, in order. A name may end in "*".
func (s *Sim) Sent(names ...string) (sent []Sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.sent {
		if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool {
			start, any := strings.CutSuffix(name, "*")
			return one.To == name || any && strings.HasPrefix(one.To, start)
		}) {
			sent = append(sent, one)
		}
	}
	return sent
}

// Calls lists the calls of the init that no process sees, and its starts, in order.
func (s *Sim) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *Sim) call(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
}

// Spawned lists the commands that have become processes, in order.
func (s *Sim) Spawned() []proc.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.spawned)
}

// Enter makes a process that comes from outside, as docker exec does. Its parent reaps it.
func (s *Sim) Enter(habit Habit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fork(nil, habit).parent = &process{habit: Habit{Name: "outside"}}
}

// record notes a signal that reaches p.
func (s *Sim) record(p *process, sig proc.Signal) {
	if sig != 0 && !p.zombie {
		s.sent = append(s.sent, Sent{time.Since(s.began), p.habit.Name, sig})
	}
}

// Fork makes a child of the first living process of that name.
func (s *Sim) Fork(name string, habit Habit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		if p.habit.Name == name && !p.zombie {
			s.fork(p, habit)
			return
		}
	}
}
