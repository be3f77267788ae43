package pid1

import (
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// When a service ends well by itself, the machine hears what it has left running: a process
// that comes from this run for certain, or without proof an orphan that is younger than the
// run and names no service itself. A run that has lived for a while is no exception.
func TestWhatAServiceLeavesBehindIsNamed(t *testing.T) {
	left := simkernel.Habit{Name: "left"}
	other := func(change func(h *simkernel.Habit)) simkernel.Habit {
		h := left
		change(&h)
		return h
	}
	for _, c := range []struct {
		name   string
		forks  []simkernel.Habit
		exit   proc.Exit
		change func(s *service.Spec)
		want   string
		seen   string // what is named where we have seen it in time; "": the same
	}{
		{name: "nothing"},
		{name: "group", forks: []simkernel.Habit{left}, want: `behind="left (pid 4)"`},
		{name: "session", forks: []simkernel.Habit{other(func(h *simkernel.Habit) { h.Session = true })}, want: `behind="left (pid 4)"`, seen: `behind="left (pid 4)" stays`},
		{name: "other group", forks: []simkernel.Habit{other(func(h *simkernel.Habit) { h.Leaves = true })}, want: `behind="left (pid 4)" stays`},
		{name: "own word", forks: []simkernel.Habit{other(func(h *simkernel.Habit) { h.Session, h.Says = true, "web" })}, want: `behind="left (pid 4)" stays`},
		{name: "another's word", forks: []simkernel.Habit{other(func(h *simkernel.Habit) { h.Session, h.Says = true, "early" })}, seen: `behind="left (pid 4)" stays`},
		{name: "of no service", forks: []simkernel.Habit{other(func(h *simkernel.Habit) { h.Session, h.Says = true, "nobody" })}, seen: `behind="left (pid 4)" stays`},
		{name: "beyond before group", forks: []simkernel.Habit{left, other(func(h *simkernel.Habit) { h.Name, h.Leaves = "beyond", true })}, want: `behind="beyond (pid 5)" stays`},
		{name: "failed", forks: []simkernel.Habit{left}, exit: proc.Exit{Code: 1}},
		{name: "killed", forks: []simkernel.Habit{left}, exit: proc.Exit{Signal: proc.SEGV}},
		{name: "oneshot", forks: []simkernel.Habit{left}, change: func(s *service.Spec) { s.OneShot = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			leavesBehind(t, 500*time.Millisecond, c.forks, c.exit, c.change, c.want)
			if c.seen == "" {
				c.seen = c.want
			}
			leavesBehind(t, 3*time.Second, c.forks, c.exit, c.change, c.seen) // we have looked at it in between
		})
	}
}

func leavesBehind(t *testing.T, lives time.Duration, forks []simkernel.Habit, exit proc.Exit, change func(s *service.Spec), want string) {
	early, web := gentle("early"), gentle("web")
	web.Restart, web.ShutdownOn = service.Never, service.NoShutdown
	if change != nil {
		change(&web)
	}
	play(t, func(s *scene) {
		s.habits["web"] = []simkernel.Habit{{Lives: lives, Exit: exit, Forks: forks}}
		s.at(400*time.Millisecond, func() { s.Fork("early", simkernel.Habit{Name: "its child"}) })
		s.signal(4*time.Second, proc.TERM)
	}, func(s *scene) {
		var got string
		for line := range strings.Lines(s.traced.String()) {
			if strings.Contains(line, " exited run=2 ") {
				_, got, _ = strings.Cut(strings.TrimSpace(line), "behind=")
				break
			}
		}
		if want := strings.TrimPrefix(want, "behind="); got != want {
			t.Errorf("it lived %v: behind=%s, want %s", lives, got, want)
		}
	}, early, web)
}

// Of two processes the one that was started later is the younger; within a hundredth of a
// second, which is all that the kernel tells, the one with the higher number.
func TestTheYoungerProcess(t *testing.T) {
	first := proc.Other{PID: 7, Started: 100}
	for _, c := range []struct {
		o    proc.Other
		want bool
	}{
		{proc.Other{PID: 5, Started: 101}, true}, {proc.Other{PID: 9, Started: 99}, false},
		{proc.Other{PID: 8, Started: 100}, true}, {proc.Other{PID: 6, Started: 100}, false}, {first, false},
	} {
		if younger(c.o, first) != c.want {
			t.Errorf("%+v: %v", c.o, !c.want)
		}
	}
}
