package pid1

import (
	"fmt"
	"syscall"
	"time"

	"sexton/config"
	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// invent makes a plan and what its programs will do.
func (l *life) invent() {
	l.plan.Init.Grace = l.pick(500*time.Millisecond, 3*time.Second, 10*time.Second)
	l.plan.Init.Linger = l.pick(0, 300*time.Millisecond, 2*time.Second)
	l.oneCommand = l.chance(0.2)
	if l.chance(0.5) { // of three quarters of the grace at most
		most := l.plan.Init.Grace * 3 / 4
		l.plan.Init.Drain = service.Drain{Max: most, StaysReady: l.chance(0.5)}
		if l.chance(0.7) {
			l.plan.Init.Drain.Min, l.plan.Init.Drain.Quiet = l.pick(0, most/3), l.pick(most/4, most/2)
		}
	}
	l.subreaper = l.chance(0.3)
	if l.chance(0.3) {
		l.forkFails = 0.2
	}
	services := 1 + l.dice.IntN(6)
	if l.oneCommand {
		services = 1
		l.plan.Init.Grace = l.pick(0, time.Second)
		l.plan.Init.Policies, l.plan.Init.Drain = config.OneCommand([]string{"s0"}, nil).Init.Policies, service.Drain{}
		l.plan.Init.ExitCodeFrom = "s0"
	}
	for i := range services {
		l.plan.Services = append(l.plan.Services, l.inventService(i))
	}
	if l.oneCommand || l.chance(0.3) {
		main := &l.plan.Services[l.dice.IntN(services)]
		if main.External {
			main = &l.plan.Services[0]
		}
		l.plan.Init.Main, main.Restart, main.ShutdownOn = main.Name, service.Never, service.AnyExit
	}
}

// behave gives the habit of a program that is started.
func (l *life) behave(argv []string) simkernel.Habit {
	if argv[0] == "probe" {
		h := simkernel.Habit{Lives: l.pick(0, time.Millisecond, 400*time.Millisecond), Exit: proc.Exit{Code: l.dice.IntN(2)}, Alone: "probe of " + argv[1]}
		if l.chance(0.2) { // it hangs in the kernel, for a while or for ever
			h.Lives, h.Dies = 0, l.pick(30*time.Millisecond, 3*time.Second)
			h.Stuck = l.chance(0.2) && l.plan.Init.Grace > 0
		}
		return h
	}
	if argv[0] == "hook" {
		return l.inventHookHabit()
	}
	return l.inventHabit(true)
}

func (l *life) inventService(i int) service.Spec {
	s := service.Spec{
		Name:    fmt.Sprintf("s%d", i),
		OneShot: l.chance(0.2),
		Restart: service.Restart(l.dice.IntN(3)),
		Backoff: service.Backoff{First: l.pick(0, 10*time.Millisecond, time.Second), Factor: 2, Max: 5 * time.Second, Jitter: 0.1, Reset: time.Minute},
		GiveUp:  service.GiveUp{Starts: l.dice.IntN(5), Within: 30 * time.Second},
		OKCodes: []int{0}, ShutdownOn: service.ShutdownOn(l.dice.IntN(3)),
		Stop: []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
	}
	s.Command = []string{s.Name}
	l.inventHooks(&s)
	s.Prepare = !l.oneCommand && l.chance(0.2) // one command has no file
	if !l.oneCommand && l.chance(0.3) {
		s.Reload = proc.USR1
	}
	if s.OneShot && s.Restart == service.Always {
		s.Restart = service.Never
	}
	if s.OneShot && !l.oneCommand && l.chance(0.4) {
		s.Schedule = service.Schedule{
			Cron: []string{"* * * * *", "@every 1s", "@every 7s"}[l.dice.IntN(3)], Jitter: l.pick(0, 0, 3*time.Second), Overlap: service.Overlap(l.dice.IntN(3)),
		}
	}
	if l.chance(0.3) {
		s.Stop = []service.Rung{{Signal: proc.QUIT, For: l.pick(10*time.Millisecond, time.Second)}, {Signal: proc.TERM}, {Signal: proc.KILL}}
	}
	if l.chance(0.05) {
		s.Stop = []service.Rung{{Signal: proc.KILL}}
	}
	for j := range i {
		if l.chance(0.3) {
			list := [...]*[]string{&s.Needs, &s.Wants, &s.After}[l.dice.IntN(3)]
			*list = append(*list, fmt.Sprintf("s%d", j))
		}
	}
	if i > 0 && !l.oneCommand && l.chance(0.2) {
		s.RestartWith = []string{fmt.Sprintf("s%d", l.dice.IntN(i))}
	}
	if !s.OneShot && l.chance(0.4) {
		kind := []service.ProbeKind{service.TCPProbe, service.ExecProbe, service.FileProbe, service.AfterTime}[l.dice.IntN(4)]
		s.Ready = service.Probe{Kind: kind, Target: "t", Command: []string{"probe", s.Name}, Delay: l.pick(0, time.Second),
			Every: time.Second, Timeout: l.pick(50*time.Millisecond, time.Second), Within: l.pick(0, time.Second, 5*time.Second)}
		if kind != service.AfterTime && s.Ready.Within == 0 && l.chance(0.5) {
			s.Ready.Within = time.Second
		}
	}
	if !l.oneCommand && i > 0 && l.chance(0.15) { // s0 is ours
		l.makeExternal(&s)
	}
	l.inventHealth(&s)
	return s
}

// inventHealth has a service asked whether it is healthy.
func (l *life) inventHealth(s *service.Spec) {
	if !s.OneShot && !l.oneCommand && l.chance(0.3) {
		kind := []service.ProbeKind{service.TCPProbe, service.ExecProbe, service.UnixProbe}[l.dice.IntN(3)]
		s.Healthy = service.Healthy{Failures: 1 + l.dice.IntN(3), StartPeriod: l.pick(0, time.Second), Probe: service.Probe{
			Kind: kind, Target: "t", Command: []string{"probe", s.Name}, Every: l.pick(100*time.Millisecond, time.Second), Timeout: l.pick(50*time.Millisecond, time.Second),
		}}
	}
	if !s.OneShot && !s.External && !l.oneCommand && l.chance(0.2) {
		s.Ready = service.Probe{Kind: service.NotifySocket, Every: time.Second, Timeout: time.Second, Within: l.pick(0, time.Second)}
		s.Healthy.Watchdog = l.pick(0, 200*time.Millisecond, 3*time.Second)
		if s.Ready.Within == 0 {
			s.Ready.Within = 5 * time.Second
		}
	}
	if s.Scheduled() && l.chance(0.3) {
		s.Healthy.Failures = 2
	}
}

// makeExternal makes a service one that is not started here, as config would.
func (l *life) makeExternal(s *service.Spec) {
	s.External, s.OneShot, s.Prepare, s.Command, s.Schedule = true, false, false, nil, service.Schedule{}
	s.Restart, s.ShutdownOn, s.Stop = service.Never, service.NoShutdown, []service.Rung{{Signal: proc.KILL}}
	if s.Ready.Kind == service.NoProbe || s.Ready.Kind == service.AfterTime {
		s.Ready = service.Probe{Kind: service.TCPProbe, Target: "t", Every: time.Second, Timeout: time.Second}
	}
}

func (l *life) inventHabit(leads bool) simkernel.Habit {
	h := simkernel.Habit{Polite: l.chance(0.5), Stops: l.pick(0, time.Millisecond, 100*time.Millisecond, 4*time.Second)}
	if l.chance(0.5) {
		h.Lives = l.pick(time.Millisecond, 300*time.Millisecond, 3*time.Second, 20*time.Second)
		if l.chance(0.5) {
			h.Exit = proc.Exit{Code: l.dice.IntN(4)}
		} else {
			h.Exit = proc.Exit{Signal: proc.SEGV, Core: true}
		}
	}
	if l.chance(0.15) {
		h.Ignores = []proc.Signal{proc.TERM, proc.QUIT, proc.INT}
	}
	// Where only the runtime kills, a process that does not die of KILL never ends.
	h.Stuck = l.chance(0.01) && l.plan.Init.Grace > 0
	if leads {
		if l.chance(0.05) {
			h.Fails = []syscall.Errno{syscall.ENOENT, syscall.EACCES}[l.dice.IntN(2)]
		}
		for range l.dice.IntN(4) {
			child := l.inventHabit(false)
			child.Session = l.chance(0.3)
			child.Leaves = !child.Session && l.chance(0.2)
			child.Listens = l.chance(0.3)
			if l.chance(0.3) {
				child.Says = l.plan.Services[l.dice.IntN(len(l.plan.Services))].Name
			}
			h.Forks = append(h.Forks, child)
		}
	}
	return h
}
