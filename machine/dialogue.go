package machine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// A dialogue is a run of the machine as text: what the plan is, what happened,
// and what was ordered. Tests read dialogues, and --trace writes them, so that
// a report of a bug is a test already.
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

// FormatPlan writes the lines that ParsePlan reads: all of a plan that the
// machine looks at. Commands and environments are not in it.
func FormatPlan(plan service.Plan, seed uint64) string {
	var b strings.Builder
	w := &words{}
	w.text("main", plan.Init.Main)
	w.text("grace", plan.Init.Grace.String())
	w.text("linger", plan.Init.Linger.String())
	if d := plan.Init.Drain; d.Max > 0 {
		w.text("drain", fmt.Sprintf("%v/%v/%v", d.Min, d.Quiet, d.Max))
		w.flag("stays-ready", d.StaysReady)
	}
	w.text("exit-code-from", plan.Init.ExitCodeFrom)
	w.flag("one-command", plan.Init.OneCommand)
	if plan.Init.Mute > 0 {
		w.text("mute", strconv.Itoa(int(plan.Init.Mute)))
	}
	w.flag("rouse", plan.Init.Rouse)
	w.flag("pause", plan.Init.Pause)
	if plan.Init.Farewell != 0 {
		w.text("farewell", plan.Init.Farewell.String())
	}
	w.text("seed", strconv.FormatUint(seed, 10))
	b.WriteString("init" + w.String() + "\n")
	for i := range plan.Services {
		b.WriteString("service " + plan.Services[i].Name + formatSpec(&plan.Services[i]) + "\n")
	}
	return b.String()
}

func formatSpec(s *service.Spec) string {
	w, d := &words{}, defaultSpec()
	w.other("stdin-from", s.StdinFrom, d.StdinFrom)
	w.list("needs", s.Needs)
	w.list("wants", s.Wants)
	w.list("after", s.After)
	w.flag("oneshot", s.OneShot)
	if s.Ready.Kind != service.NoProbe {
		target := s.Ready.Target
		if s.Ready.Kind == service.ExecProbe {
			target = service.CommandLine(s.Ready.Command)
		}
		if s.Ready.Kind == service.AfterTime {
			target = s.Ready.Delay.String()
		}
		w.text("ready", quoted(s.Ready.Kind.String()+"/"+target))
		w.span("every", s.Ready.Every)
		w.span("timeout", s.Ready.Timeout)
	}
	w.span("within", s.Ready.Within)
	w.other("restart", s.Restart.String(), d.Restart.String())
	w.other("first", s.Backoff.First.String(), d.Backoff.First.String())
	w.other("factor", fmt.Sprint(s.Backoff.Factor), fmt.Sprint(d.Backoff.Factor))
	w.other("max", s.Backoff.Max.String(), d.Backoff.Max.String())
	w.other("jitter", fmt.Sprint(s.Backoff.Jitter), fmt.Sprint(d.Backoff.Jitter))
	w.other("reset", s.Backoff.Reset.String(), d.Backoff.Reset.String())
	w.other("give-up", fmt.Sprintf("%d/%v", s.GiveUp.Starts, s.GiveUp.Within), fmt.Sprintf("%d/%v", d.GiveUp.Starts, d.GiveUp.Within))
	w.other("ok", join(s.OKCodes), join(d.OKCodes))
	w.other("shutdown-on", s.ShutdownOn.String(), d.ShutdownOn.String())
	w.other("stop", formatLadder(s.Stop), formatLadder(d.Stop))
	w.list("signals", signalWords(s.Signals))
	w.flag("single", s.Single)
	return w.String()
}

// quoted puts what is not one word for readFields into quotes.
func quoted(text string) string {
	if q := strconv.Quote(text); strings.Contains(text, " ") || q != `"`+text+`"` {
		return q
	}
	return text
}

// defaultSpec is what a service line means by what it does not say: what
// config's defaults are, but without jitter.
func defaultSpec() service.Spec {
	return service.Spec{
		Command: []string{"true"},
		Backoff: service.Backoff{First: 500 * time.Millisecond, Factor: 2, Max: 30 * time.Second, Reset: time.Minute},
		GiveUp:  service.GiveUp{Starts: 5, Within: time.Minute},
		OKCodes: []int{0},
		Stop:    []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
		Umask:   -1,
	}
}

// words collects key=value pairs, leaving out what says nothing.
type words struct{ b strings.Builder }

func (w *words) String() string { return w.b.String() }
func (w *words) text(key, value string) {
	if value != "" {
		w.b.WriteString(" " + key + "=" + value)
	}
}
func (w *words) flag(key string, on bool) {
	if on {
		w.b.WriteString(" " + key)
	}
}
func (w *words) span(key string, d time.Duration) {
	if d != 0 {
		w.text(key, d.String())
	}
}
func (w *words) list(key string, values []string) { w.text(key, strings.Join(values, ",")) }
func (w *words) other(key, value, usual string) {
	if value != usual {
		w.text(key, value)
	}
}

func join(numbers []int) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, ",")
}

func signalWords(signals []proc.Signal) []string {
	var texts []string
	for _, s := range signals {
		texts = append(texts, s.String())
	}
	return texts
}

func formatLadder(rungs []service.Rung) string {
	var texts []string
	for _, r := range rungs {
		text := r.Signal.String()
		if r.For > 0 {
			text += "/" + r.For.String()
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ",")
}

// FormatEvent writes the line that ParseEvent reads.
func FormatEvent(at Instant, event Event) string {
	w := &words{}
	name := ""
	switch e := event.(type) {
	case Booted:
		name = "booted"
	case Started:
		name = "started"
		w.run(e.Run)
		w.text("pid", strconv.Itoa(int(e.PID)))
	case StartFailed:
		name = "start-failed"
		w.run(e.Run)
		w.text("status", strconv.Itoa(e.Status))
		w.flag("passing", e.Passing)
		w.text("err", strconv.Quote(e.Err))
	case Exited:
		name = "exited"
		w.run(e.Run)
		if e.Exit.Signal != 0 {
			w.text("signal", e.Exit.Signal.String())
			w.flag("core", e.Exit.Core)
			w.flag("oom", e.Exit.OOM)
		} else {
			w.text("status", strconv.Itoa(e.Exit.Code))
		}
		if e.Behind != "" {
			w.text("behind", strconv.Quote(e.Behind))
			w.flag("stays", e.Stays)
		}
	case Emptied:
		name = "emptied"
		w.run(e.Run)
	case Escaped:
		name = "escaped"
		w.run(e.Run)
		w.text("names", strconv.Quote(e.Names))
		w.flag("claimed", e.Claimed)
	case Survived:
		name = "survived"
	case Left:
		name = "left"
		w.text("pid", strconv.Itoa(int(e.PID)))
		w.text("command", strconv.Quote(e.Command))
		w.text("service", e.Service)
		w.flag("claimed", e.Claimed)
		w.flag("outside", e.Outside)
		w.flag("killed", e.Killed)
	case LeftEnded:
		name = "left-ended"
		w.text("pid", strconv.Itoa(int(e.PID)))
	case Probed:
		name = "probed"
		w.run(e.Run)
		w.text("seq", strconv.FormatUint(e.Seq, 10))
		if e.Err != "" {
			w.text("err", strconv.Quote(e.Err))
		}
		if e.Output != "" {
			w.text("output", strconv.Quote(e.Output))
		}
	case Signalled:
		name = "signalled " + e.Signal.String() + " " + e.Rule.Verb.String()
		if e.Rule.Signal != 0 {
			w.text("as", e.Rule.Signal.String())
		}
		w.list("to", e.Rule.To)
		w.flag("suspend", e.Rule.Suspend)
		if e.Queued {
			w.text("value", strconv.FormatUint(e.Value, 10))
		}
		w.text("from", strconv.Quote(e.From))
		w.flag("typed", e.Typed)
	case Connected:
		name = "connected"
		w.text("count", strconv.Itoa(e.Count))
		if e.Unknown != "" {
			w.text("unknown", strconv.Quote(e.Unknown))
		}
	case Asked:
		name = "asked " + e.Verb.String()
		w.text("service", e.Service)
		if e.From != "" {
			w.text("from", strconv.Quote(e.From))
		}
	case Ticked:
		name = "ticked"
	}
	return "at " + at.String() + " " + name + w.String()
}

func (w *words) run(r service.Run) { w.text("run", strconv.FormatUint(uint64(r), 10)) }

// FormatAction writes one line of a dialogue's output.
func FormatAction(at Instant, action Action) string {
	text := ""
	switch a := action.(type) {
	case Spawn:
		text = fmt.Sprintf("spawn %s run=%d", a.Service, a.Run)
	case Signal:
		text = fmt.Sprintf("signal %s run=%d %v %v", a.Service, a.Run, a.Signal, a.Scope)
		if a.Queued {
			text += fmt.Sprintf(" value=%d", a.Value)
		}
	case CallOff:
		text = fmt.Sprintf("call-off %s run=%d", a.Service, a.Run)
	case Rouse:
		text = fmt.Sprintf("rouse %s run=%d %v", a.Service, a.Run, a.Scope)
	case Widen:
		text = fmt.Sprintf("widen %s run=%d", a.Service, a.Run)
	case Watch:
		text = fmt.Sprintf("watch %s run=%d", a.Service, a.Run)
	case Probe:
		text = fmt.Sprintf("probe %s run=%d seq=%d", a.Service, a.Run, a.Seq)
	case StopProbe:
		text = fmt.Sprintf("stop-probe %s run=%d", a.Service, a.Run)
	case Sweep:
		text = fmt.Sprintf("sweep %v", a.Signal)
		if a.Strangers {
			text += " strangers"
		}
	case Heed:
		text = map[bool]string{true: "heed connections", false: "heed connections no more"}[a.On]
	case Suspend:
		text = "suspend"
	case Break:
		text = "break " + a.Service
	case Reopen:
		text = "reopen"
	case Say:
		text = fmt.Sprintf("say %v %s", a.Level, a.Text)
		if a.Service != "" {
			text = fmt.Sprintf("say %v %s: %s", a.Level, a.Service, a.Text)
		}
	case Summarize:
		text = fmt.Sprintf("summarize status=%d service=%s starts=%d: %s", a.Status, a.Service, a.Starts, a.Reason)
		if words := a.Text(); words != "" {
			text += "; " + words
		}
	case Leave:
		text = fmt.Sprintf("leave %d", a.Status)
	}
	return fmt.Sprintf("%-7s %s", "+"+at.String(), text)
}
