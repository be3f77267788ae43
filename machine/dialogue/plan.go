// Package dialogue writes a run of the machine as text, and reads it: what the plan
// is, what happened, and what was ordered. Tests read dialogues, and --trace writes
// them, so a report of a bug is already a test.
//
//	init main=web grace=10s seed=1
//	service web ready=tcp/127.0.0.1:80 stop=QUIT/10s,KILL
//	at 0s booted
//	----
//	+0s     spawn web run=1
//
//	at 3ms started run=1 pid=12
//	----
//	+3ms    say info web: started (pid 12), not ready yet: waiting for tcp 127.0.0.1:80
//
// A field is described once, for both directions (fields.go).
package dialogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/config"
	"sexton/proc"
	"sexton/service"
)

// FormatPlan writes the lines that ParsePlanLine reads: all parts of a plan that the
// machine looks at. Commands and environments are not in it.
func FormatPlan(plan service.Plan, seed uint64) string {
	f := writing()
	initFields(f, &plan.Init, &seed)
	text := "init" + f.line() + "\n"
	for i := range plan.Services {
		f, spec := writing(), plan.Services[i]
		serviceFields(f, &spec, defaultSpec())
		text += "service " + spec.Name + f.line() + "\n"
	}
	return text
}

// ParsePlanLine reads one line of FormatPlan into the plan and the seed. ok is
// false for a line that belongs to no plan.
func ParsePlanLine(line string, plan *service.Plan, seed *uint64) (ok bool, err error) {
	head, rest, _ := strings.Cut(line, " ")
	switch head {
	case "init":
		f, err := reading(rest)
		if err != nil {
			return true, err
		}
		plan.Init = service.Init{Grace: 10 * time.Second, Linger: 2 * time.Second}
		*seed = 1
		initFields(f, &plan.Init, seed)
		return true, f.done(line)
	case "service":
		name, rest, _ := strings.Cut(rest, " ")
		f, err := reading(rest)
		if err != nil {
			return true, err
		}
		spec := defaultSpec()
		spec.Name = name
		serviceFields(f, &spec, defaultSpec())
		plan.Services = append(plan.Services, spec)
		return true, f.done(line)
	}
	return false, nil
}

func initFields(f *fields, in *service.Init, seed *uint64) {
	f.text("main", &in.Main)
	f.field("grace", "", in.Grace.String(), into(&in.Grace, time.ParseDuration))
	f.field("linger", "", in.Linger.String(), into(&in.Linger, time.ParseDuration))
	drainFields(f, &in.Drain)
	f.text("exit-code-from", &in.ExitCodeFrom)
	f.number("mute", 0, uint64(in.Mute), func(n uint64) { in.Mute = uint8(n) })
	policyFields(f, in)
	f.field("seed", "", strconv.FormatUint(*seed, 10), into(seed, parseNumber))
}

// policyFields are the policies. one-command is short for those that config gives to one
// command, and is only read.
func policyFields(f *fields, in *service.Init) {
	if one := false; f.reads {
		if f.flag("one-command", &one); one {
			in.Policies = config.OneCommand([]string{in.Main}, nil).Init.Policies
			in.ContinueIfStopped, in.ExitCodeFrom = false, in.Main
		}
	}
	choice(f, "stop-signals", &in.StopSignals, service.StopContainer, service.StopContainer, service.ForwardToMain)
	choice(f, "grace-means", &in.GraceMeans, service.ExitWithin, service.ExitWithin, service.KillAfter)
	choice(f, "stop-reach", &in.StopReach, service.ReachTree, service.ReachTree, service.ReachGroup)
	choice(f, "lines", &in.Lines, service.AllLines, service.AllLines, service.FaultsOnly)
	f.flag("heir", &in.Heir)
	f.flag("lean", &in.Lean)
	f.flag("stays-idle", &in.StaysIdle)
	f.flag("continue-if-stopped", &in.ContinueIfStopped)
	f.signal("signal-on-main-exit", &in.SignalOnMainExit)
}

// drainFields is MIN/QUIET/MAX.
func drainFields(f *fields, d *service.Drain) {
	text := ""
	if d.Max > 0 {
		text = fmt.Sprintf("%v/%v/%v", d.Min, d.Quiet, d.Max)
	}
	f.field("drain", "", text, func(text string) error {
		parts := strings.Split(text, "/")
		if len(parts) != 3 {
			return fmt.Errorf("%s: not MIN/QUIET/MAX", text)
		}
		for i, span := range []*time.Duration{&d.Min, &d.Quiet, &d.Max} {
			if err := into(span, time.ParseDuration)(parts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	f.flag("stays-ready", &d.StaysReady)
}

func serviceFields(f *fields, s *service.Spec, usual service.Spec) {
	f.text("stdin-from", &s.StdinFrom)
	f.list("needs", &s.Needs)
	f.list("wants", &s.Wants)
	f.list("after", &s.After)
	f.list("restart-with", &s.RestartWith)
	choice(f, "start", &s.Start, usual.Start, service.AtBoot, service.Manually)
	f.flag("oneshot", &s.OneShot)
	f.flag("external", &s.External)
	f.flag("prepare", &s.Prepare)
	f.number("max-memory", 0, uint64(s.MaxMemory), func(n uint64) { s.MaxMemory = int64(n) })
	f.text("schedule", &s.Schedule.Cron)
	f.text("zone", &s.Schedule.Zone)
	f.span("schedule-jitter", &s.Schedule.Jitter, 0)
	choice(f, "on-overlap", &s.Schedule.Overlap, service.Skip, service.Skip, service.Queue, service.Kill)
	probeFields(f, "ready", "", &s.Ready)
	probeFields(f, "healthy", "healthy-", &s.Healthy.Probe)
	f.count("failures", &s.Healthy.Failures)
	f.span("watchdog", &s.Healthy.Watchdog, 0)
	f.span("start-period", &s.Healthy.StartPeriod, 0)
	choice(f, "restart", &s.Restart, usual.Restart, service.Always, service.OnFailure, service.Never)
	f.span("first", &s.Backoff.First, usual.Backoff.First)
	f.float("factor", &s.Backoff.Factor, usual.Backoff.Factor)
	f.span("max", &s.Backoff.Max, usual.Backoff.Max)
	f.float("jitter", &s.Backoff.Jitter, usual.Backoff.Jitter)
	f.span("reset", &s.Backoff.Reset, usual.Backoff.Reset)
	giveUp := func(g service.GiveUp) string { return fmt.Sprintf("%d/%v", g.Starts, g.Within) }
	f.field("give-up", giveUp(usual.GiveUp), giveUp(s.GiveUp), func(text string) error {
		starts, within, _ := strings.Cut(text, "/")
		if err := into(&s.GiveUp.Starts, strconv.Atoi)(starts); err != nil {
			return err
		}
		return into(&s.GiveUp.Within, time.ParseDuration)(within)
	})
	f.field("ok", joined(usual.OKCodes, strconv.Itoa), joined(s.OKCodes, strconv.Itoa), each(&s.OKCodes, strconv.Atoi))
	choice(f, "shutdown-on", &s.ShutdownOn, usual.ShutdownOn, service.Failure, service.AnyExit, service.NoShutdown)
	f.field("stop", joined(usual.Stop, formatRung), joined(s.Stop, formatRung), each(&s.Stop, parseRung))
	hookFields(f, &s.Hooks)
	f.field("signals", "", joined(s.Signals, proc.Signal.String), each(&s.Signals, proc.ParseSignal))
	f.signal("reload", &s.Reload)
	f.flag("single", &s.Single)
	choice(f, "kill-mode", &s.KillMode, usual.KillMode, service.KillGroup, service.KillProcess)
	f.number("edition", 0, uint64(s.Edition), func(n uint64) { s.Edition = uint32(n) })
}

// hookFields are the commands of each stage: before_start.0=COMMAND, and before_start.0.timeout
// if it has one.
func hookFields(f *fields, hooks *service.Hooks) {
	for stage := service.BeforeStart; stage < service.StageCount; stage++ {
		for i := 0; ; i++ {
			key := fmt.Sprintf("%v.%d", stage, i)
			if _, there := f.from[key]; f.reads && there {
				hooks[stage] = append(hooks[stage], service.Hook{})
			}
			if i >= len(hooks[stage]) {
				break
			}
			hook := &hooks[stage][i]
			f.field(key, "", service.CommandLine(hook.Command), func(text string) error {
				hook.Command = []string{"/bin/sh", "-c", text}
				return nil
			})
			f.span(key+".timeout", &hook.Timeout, 0)
		}
	}
}

// probeFields are those of a probe: KIND/TARGET under its name, and its times.
func probeFields(f *fields, name, prefix string, p *service.Probe) {
	text := ""
	switch p.Kind {
	case service.NoProbe:
	case service.ExecProbe:
		text = p.Kind.String() + "/" + service.CommandLine(p.Command)
	case service.AfterTime:
		text = p.Kind.String() + "/" + p.Delay.String()
	default:
		text = p.Kind.String() + "/" + p.Target
	}
	f.field(name, "", text, func(text string) error {
		kind, target, _ := strings.Cut(text, "/")
		*p = service.Probe{Target: target, Command: []string{"/bin/sh", "-c", target}, Every: time.Second, Timeout: time.Second}
		for p.Kind = service.TCPProbe; p.Kind.String() != kind; p.Kind++ {
			if p.Kind == service.AfterTime {
				return fmt.Errorf("%s: no such probe", text)
			}
		}
		if p.Kind == service.AfterTime {
			return into(&p.Delay, time.ParseDuration)(target)
		}
		return nil
	})
	f.span(prefix+"every", &p.Every, 0)
	f.span(prefix+"timeout", &p.Timeout, 0)
	f.span(prefix+"within", &p.Within, 0)
}

func formatRung(r service.Rung) string {
	if r.For > 0 {
		return r.Signal.String() + "/" + r.For.String()
	}
	return r.Signal.String()
}

func parseRung(text string) (r service.Rung, err error) {
	name, patience, timed := strings.Cut(text, "/")
	if timed {
		if r.For, err = time.ParseDuration(patience); err != nil {
			return r, err
		}
	}
	r.Signal, err = proc.ParseSignal(name)
	return r, err
}

// defaultSpec is what a service line means by what it does not say: config's
// defaults, but without jitter.
func defaultSpec() service.Spec {
	return service.Spec{
		Command: []string{"true"},
		Backoff: service.Backoff{First: 500 * time.Millisecond, Factor: 2, Max: 30 * time.Second, Reset: time.Minute},
		GiveUp:  service.GiveUp{Starts: 5, Within: time.Minute},
		OKCodes: []int{0},
		Stop:    []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
	}
}
