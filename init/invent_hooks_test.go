package pid1

import (
	"syscall"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// inventHooks gives some services hooks. One command has no file, and a oneshot is never up.
func (l *life) inventHooks(s *service.Spec) {
	if !l.oneCommand && l.chance(0.2) {
		s.KillMode = service.KillProcess
	}
	if l.oneCommand || !l.chance(0.3) {
		return
	}
	for stage := service.BeforeStart; stage < service.StageCount; stage++ {
		n := []int{0, 0, 1, 2}[l.dice.IntN(4)]
		if s.OneShot && stage != service.BeforeStart && stage != service.AfterStop {
			continue
		}
		if stage == service.StopCommand {
			n = min(n, 1)
		}
		for range n {
			s.Hooks[stage] = append(s.Hooks[stage], service.Hook{
				Command: []string{"hook", s.Name, stage.String()}, Timeout: l.pick(0, 10*time.Millisecond, 400*time.Millisecond),
			})
		}
	}
}

// inventHookHabit is how a hook behaves: most end well, some fail, ignore a signal, hang, or
// leave a process behind.
func (l *life) inventHookHabit() simkernel.Habit {
	h := simkernel.Habit{Lives: l.pick(0, time.Millisecond, 30*time.Millisecond, 500*time.Millisecond), Polite: l.chance(0.5)}
	if l.chance(0.3) {
		h.Exit = proc.Exit{Code: 1 + l.dice.IntN(3)}
	}
	if h.Lives == 0 && l.chance(0.7) {
		h.Lives = time.Millisecond
	}
	switch l.dice.IntN(12) {
	case 0:
		h.Fails = syscall.ENOENT
	case 1:
		h.Ignores = []proc.Signal{proc.TERM, proc.QUIT}
	case 2:
		h.Lives, h.Dies = 0, l.pick(30*time.Millisecond, 3*time.Second)
		h.Stuck = l.chance(0.2) && l.plan.Init.Grace > 0
	case 3:
		h.Forks = []simkernel.Habit{{Session: l.chance(0.3), Polite: true}}
	}
	return h
}
