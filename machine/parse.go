package machine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// Reading dialogues: the other half of dialogue.go.

// ParsePlanLine reads one line of FormatPlan into the plan and the seed. ok is
// false for a line that is no line of a plan.
func ParsePlanLine(line string, plan *service.Plan, seed *uint64) (ok bool, err error) {
	head, rest, _ := strings.Cut(line, " ")
	switch head {
	case "init":
		fields, err := readFields(rest)
		if err != nil {
			return true, err
		}
		r := reader{fields: fields}
		plan.Init.Main = r.text("main")
		plan.Init.Grace = r.span("grace", 10*time.Second)
		plan.Init.Linger = r.span("linger", 2*time.Second)
		r.drain(&plan.Init.Drain)
		plan.Init.ExitCodeFrom = r.text("exit-code-from")
		plan.Init.OneCommand = r.flag("one-command")
		plan.Init.Mute = uint8(r.number("mute", 0))
		plan.Init.Rouse = r.flag("rouse")
		plan.Init.Pause = r.flag("pause")
		if farewell := r.text("farewell"); farewell != "" {
			plan.Init.Farewell = r.signal(farewell)
		}
		*seed = r.number("seed", 1)
		return true, r.done(line)
	case "service":
		name, rest, _ := strings.Cut(rest, " ")
		fields, err := readFields(rest)
		if err != nil {
			return true, err
		}
		spec, err := parseSpec(name, fields, line)
		plan.Services = append(plan.Services, spec)
		return true, err
	}
	return false, nil
}

func parseSpec(name string, fields map[string]string, line string) (service.Spec, error) {
	s := defaultSpec()
	s.Name = name
	r := reader{fields: fields}
	s.StdinFrom = r.text("stdin-from")
	s.Needs, s.Wants, s.After = r.list("needs"), r.list("wants"), r.list("after")
	s.OneShot = r.flag("oneshot")
	if kind, target, ok := strings.Cut(r.text("ready"), "/"); ok {
		s.Ready = service.Probe{Target: target, Command: []string{"/bin/sh", "-c", target}, Every: r.span("every", time.Second), Timeout: r.span("timeout", time.Second)}
		for k := service.TCPProbe; k <= service.AfterTime; k++ {
			if k.String() == kind {
				s.Ready.Kind = k
			}
		}
		if s.Ready.Kind == service.AfterTime {
			s.Ready.Delay, r.err = time.ParseDuration(target)
		}
	}
	s.Ready.Within = r.span("within", 0)
	s.Restart = service.Restart(r.choice("restart", 3, func(i int) string { return service.Restart(i).String() }))
	s.ShutdownOn = service.ShutdownOn(r.choice("shutdown-on", 3, func(i int) string { return service.ShutdownOn(i).String() }))
	s.Backoff.First, s.Backoff.Max, s.Backoff.Reset = r.span("first", s.Backoff.First), r.span("max", s.Backoff.Max), r.span("reset", s.Backoff.Reset)
	s.Backoff.Factor, s.Backoff.Jitter = r.float("factor", s.Backoff.Factor), r.float("jitter", s.Backoff.Jitter)
	if starts, within, ok := strings.Cut(r.text("give-up"), "/"); ok {
		s.GiveUp.Starts, _ = strconv.Atoi(starts)
		s.GiveUp.Within, r.err = time.ParseDuration(within)
	}
	if codes := r.list("ok"); codes != nil {
		s.OKCodes = nil
		for _, code := range codes {
			n, _ := strconv.Atoi(code)
			s.OKCodes = append(s.OKCodes, n)
		}
	}
	if rungs := r.list("stop"); rungs != nil {
		s.Stop = nil
		for _, text := range rungs {
			name, patience, _ := strings.Cut(text, "/")
			rung := service.Rung{Signal: r.signal(name)}
			if patience != "" {
				rung.For, r.err = time.ParseDuration(patience)
			}
			s.Stop = append(s.Stop, rung)
		}
	}
	for _, name := range r.list("signals") {
		s.Signals = append(s.Signals, r.signal(name))
	}
	s.Single = r.flag("single")
	return s, r.done(line)
}

// ParseEvent reads a line of FormatEvent. Without "at" the moment is -1.
func ParseEvent(line string) (at Instant, event Event, err error) {
	at = -1
	rest := line
	if after, ok := strings.CutPrefix(rest, "at "); ok {
		moment, behind, _ := strings.Cut(after, " ")
		if at, err = time.ParseDuration(moment); err != nil {
			return 0, nil, fmt.Errorf("%q: %w", line, err)
		}
		rest = behind
	}
	head, rest, _ := strings.Cut(rest, " ")
	var words []string
	for head == "signalled" && len(words) < 2 || head == "asked" && len(words) < 1 {
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		words = append(words, word)
	}
	fields, err := readFields(rest)
	if err != nil {
		return 0, nil, err
	}
	r := reader{fields: fields}
	run := service.Run(r.number("run", 0))
	switch head {
	case "booted":
		event = Booted{}
	case "started":
		event = Started{Run: run, PID: proc.PID(r.number("pid", 0))}
	case "start-failed":
		event = StartFailed{Run: run, Status: int(r.number("status", 0)), Passing: r.flag("passing"), Err: r.text("err")}
	case "exited":
		exit := proc.Exit{Code: int(r.number("status", 0)), Core: r.flag("core"), OOM: r.flag("oom")}
		if name := r.text("signal"); name != "" {
			exit.Signal = r.signal(name)
		}
		event = Exited{Run: run, Exit: exit, Behind: r.text("behind"), Stays: r.flag("stays")}
	case "emptied":
		event = Emptied{Run: run}
	case "connected":
		event = Connected{Count: int(r.number("count", 0)), Unknown: r.text("unknown")}
	case "survived":
		event = Survived{}
	case "escaped":
		event = Escaped{Run: run, Names: r.text("names"), Claimed: r.flag("claimed")}
	case "left":
		event = Left{PID: proc.PID(r.number("pid", 0)), Command: r.text("command"), Service: r.text("service"), Claimed: r.flag("claimed"), Outside: r.flag("outside"), Killed: r.flag("killed")}
	case "left-ended":
		event = LeftEnded{PID: proc.PID(r.number("pid", 0))}
	case "probed":
		event = Probed{Run: run, Seq: r.number("seq", 0), Err: r.text("err"), Output: r.text("output")}
	case "signalled":
		event = r.signalled(words)
	case "asked":
		for verb := AskShutdown; verb <= AskShutdownNow; verb++ {
			if verb.String() == words[0] {
				event = Asked{Verb: verb, Service: r.text("service"), From: r.text("from")}
			}
		}
	case "ticked":
		event = Ticked{}
	}
	if event == nil {
		return 0, nil, fmt.Errorf("%q: no such event", line)
	}
	return at, event, r.done(line)
}

// drain reads MIN/QUIET/MAX.
func (r *reader) drain(d *service.Drain) {
	d.StaysReady = r.flag("stays-ready")
	parts := strings.Split(r.text("drain"), "/")
	if len(parts) != 3 {
		return
	}
	for i, into := range []*time.Duration{&d.Min, &d.Quiet, &d.Max} {
		span, err := time.ParseDuration(parts[i])
		r.keep(err)
		*into = span
	}
}

func (r *reader) signalled(words []string) Event {
	e := Signalled{Signal: r.signal(words[0]), From: r.text("from"), Queued: r.fields["value"] != ""}
	e.Value = r.number("value", 0)
	for verb := service.VerbForward; verb <= service.VerbReopen; verb++ {
		if verb.String() == words[1] {
			e.Rule.Verb = verb
		}
	}
	if as := r.text("as"); as != "" {
		e.Rule.Signal = r.signal(as)
	}
	e.Rule.To = r.list("to")
	e.Rule.Suspend = r.flag("suspend")
	e.Typed = r.flag("typed")
	return e
}

// reader takes fields out of a line, keeps the first mistake, and complains
// of what nobody took.
type reader struct {
	fields map[string]string
	err    error
}

func (r *reader) text(key string) string {
	value := r.fields[key]
	delete(r.fields, key)
	return value
}

func (r *reader) flag(key string) bool {
	_, on := r.fields[key]
	delete(r.fields, key)
	return on
}

func (r *reader) list(key string) []string {
	if text := r.text(key); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

func (r *reader) span(key string, usual time.Duration) time.Duration {
	text := r.text(key)
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	r.keep(err)
	return d
}

func (r *reader) number(key string, usual uint64) uint64 {
	text := r.text(key)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	r.keep(err)
	return n
}

func (r *reader) float(key string, usual float64) float64 {
	text := r.text(key)
	if text == "" {
		return usual
	}
	f, err := strconv.ParseFloat(text, 64)
	r.keep(err)
	return f
}

func (r *reader) signal(name string) proc.Signal {
	s, err := proc.ParseSignal(name)
	r.keep(err)
	return s
}

func (r *reader) choice(key string, n int, name func(int) string) int {
	text := r.text(key)
	for i := range n {
		if name(i) == text {
			return i
		}
	}
	if text != "" {
		r.keep(fmt.Errorf("%s=%s: no such value", key, text))
	}
	return 0
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) done(line string) error {
	for key := range r.fields {
		r.keep(fmt.Errorf("%s: unknown", key))
	}
	if r.err != nil {
		return fmt.Errorf("%q: %w", line, r.err)
	}
	return nil
}

// readFields splits `a=b c d="e f"`.
func readFields(text string) (map[string]string, error) {
	fields := make(map[string]string)
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		end := strings.IndexAny(text, " =")
		if end < 0 || text[end] == ' ' {
			if end < 0 {
				end = len(text)
			}
			fields[text[:end]] = ""
			text = text[end:]
			continue
		}
		key, rest := text[:end], text[end+1:]
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			fields[key], _ = strconv.Unquote(quoted)
			text = rest[len(quoted):]
			continue
		}
		value, behind, _ := strings.Cut(rest, " ")
		fields[key], text = value, behind
	}
	return fields, nil
}
