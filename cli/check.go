package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/forward"
	"sexton/proc"
	"sexton/service"
)

// check prints what is wrong with a file, or a summary of what it would do.
func (c *call) check() int {
	reading, ok := c.read(false)
	if !ok {
		return exitConfig
	}
	if c.key != "" {
		text, err := reading.Explain(c.key)
		if err != nil {
			fmt.Fprintf(c.stderr, "sexton check: --explain %s\n", proc.Visible(err.Error()))
			return exitUsage
		}
		fmt.Fprint(c.stdout, proc.VisibleLines(text))
		return 0
	}
	text := summary(c.fileWords(), &reading.Plan)
	if len(reading.Files) > 1 {
		const most = 50
		files := reading.Files[:min(most, len(reading.Files))]
		if more := len(reading.Files) - most; more > 0 {
			files = append(slices.Clone(files), fmt.Sprintf("and %d more", more))
		}
		text += "\nfiles\n" + indented(files)
	}
	if replaced := reading.Replaced(); len(replaced) > 0 {
		text += "\nchanged by a later file\n" + indented(replaced)
	}
	fmt.Fprint(c.stdout, proc.VisibleLines(text))
	return 0
}

// indented are lines of the summary.
func indented(lines []string) string { return "  " + strings.Join(lines, "\n  ") + "\n" }

// summary is what a plan would do: the order of starts and stops, and what
// ends the container.
func summary(name string, plan *service.Plan) string {
	var b strings.Builder
	g := service.NewGraph(plan.Services)
	fmt.Fprintf(&b, "%s: %s, no mistakes\n", name, service.Counted(len(plan.Services), "service"))
	if len(plan.Unset) > 0 {
		fmt.Fprintf(&b, "\nto be set when it runs\n  %s\n", strings.Join(plan.Unset, ", "))
	}
	b.WriteString("\nstart" + startLimit(g) + "\n")
	for level, members := range g.StartLevels() {
		var words []string
		for _, i := range members {
			words = append(words, plan.Services[i].Name+startWords(&plan.Services[i]))
		}
		fmt.Fprintf(&b, "  %d  %s\n", level+1, strings.Join(words, ", "))
	}
	grace, reserve := plan.Init.Grace, service.Reserve(plan.Init.Grace)
	drain := plan.Init.Drain.Max
	fmt.Fprintf(&b, "\nstop, %s in all: %s%s for the services, %s reserved for the last KILL and the last output\n",
		span(grace), drainWords(&plan.Init.Drain), span(grace-reserve-drain), span(reserve))
	stops, by := g.StopLevels(), g.StopBy(grace-reserve-drain)
	for level, members := range stops {
		members = slices.DeleteFunc(members, func(i int) bool { return plan.Services[i].External })
		if len(members) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %d  %s\n", level+1, stopWords(plan, g, by, members))
	}
	b.WriteString("\nend of the container\n")
	for _, s := range plan.Services {
		if s.External {
			continue
		}
		if words := endWords(plan, &s); words != "" {
			fmt.Fprintf(&b, "  %s: %s\n", s.Name, words)
		}
	}
	if from := plan.Init.ExitCodeFrom; from != "" {
		fmt.Fprintf(&b, "  whatever ends it: the last status of %s, if it has one\n", from)
	}
	if stops := forward.New(plan).Stops(); len(stops) > 0 {
		fmt.Fprintf(&b, "  %s: status 0, or 137 if something had to be killed\n", or(stops))
	} else {
		b.WriteString("  no signal stops it\n")
	}
	if words := signalWords(plan); len(words) > 0 {
		b.WriteString("\nsignals\n")
		for _, line := range words {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return b.String()
}

// or joins signals with commas and "or": "TERM, INT or WINCH".
func or(signals []proc.Signal) string {
	text := signals[0].String()
	for i, s := range signals[1:] {
		joint := ", "
		if i == len(signals)-2 {
			joint = " or "
		}
		text += joint + s.String()
	}
	return text
}

// signalWords says what the signals in the file do, in the order of their numbers, and
// what happens with all others.
func signalWords(plan *service.Plan) (lines []string) {
	table := forward.New(plan)
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		rule := table.Rule(s)
		listeners := slices.DeleteFunc(plan.Listeners(s), func(name string) bool { return slices.Contains(rule.To, name) })
		if _, ruled := plan.Init.Rules[s]; ruled || len(listeners) > 0 {
			lines = append(lines, s.String()+": "+ruleWords(rule, plan.Init.Main, listeners))
		}
	}
	if len(lines) > 0 && plan.Init.Main != "" {
		lines = append(lines, "every other signal goes to "+plan.Init.Main)
	}
	return lines
}

// ruleWords says what a signal with this rule does, and which services listen to it.
func ruleWords(rule service.Rule, main string, listeners []string) string {
	words := ""
	switch {
	case rule.Verb == service.VerbStop:
		words = "stops the container"
	case rule.Verb == service.VerbReload:
		words = "reads the files again"
	case rule.Verb == service.VerbReopen:
		words = "opens log files again"
	case rule.Verb == service.VerbSend:
		words = fmt.Sprintf("sends %v to %s", rule.Signal, strings.Join(rule.To, ", "))
	case rule.Verb == service.VerbRestart:
		words = "restarts " + strings.Join(rule.To, ", ")
	case rule.Verb == service.VerbForward && rule.Signal != 0:
		words = fmt.Sprintf("sends %v to %s", rule.Signal, main)
	case rule.Verb == service.VerbForward && main != "" && !slices.Contains(listeners, main):
		listeners = append([]string{main}, listeners...)
	}
	switch {
	case words == "" && len(listeners) == 0:
		return "does nothing"
	case words == "":
		return "goes to " + strings.Join(listeners, ", ")
	case len(listeners) > 0:
		return words + ", goes to " + strings.Join(listeners, ", ")
	}
	return words
}

// startLimit says how long a start may take.
func startLimit(g *service.Graph) string {
	by, unlimited := g.ReadyBy()
	words := ""
	if by > 0 {
		words = fmt.Sprintf(", up to %s until all are ready, restarts not counted", span(by))
	}
	if len(unlimited) > 0 {
		const most = 5
		names := strings.Join(unlimited[:min(most, len(unlimited))], ", ")
		if more := len(unlimited) - most; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		words += "; no limit for " + names + " (ready.within)"
	}
	return words
}

func startWords(s *service.Spec) string {
	if s.External {
		return strings.Replace(readyWords(&s.Ready), " (", " (external, ", 1)
	}
	switch {
	case s.Scheduled():
		return " (schedule " + s.Schedule.Cron + ")"
	case s.OneShot && s.Ready.Within > 0:
		return " (oneshot, up to " + span(s.Ready.Within) + ")"
	case s.OneShot:
		return " (oneshot)"
	}
	return readyWords(&s.Ready)
}

func readyWords(r *service.Probe) string {
	switch {
	case r.Kind == service.AfterTime:
		return " (ready after " + span(r.Delay) + ")"
	case r.Kind == service.ExecProbe:
		return " (ready: exec " + service.CommandText(r.Command) + ")"
	case r.Kind == service.NotifySocket:
		return " (ready: READY=1 on NOTIFY_SOCKET)"
	case r.Kind == service.NotifyFD:
		return " (ready: a newline on descriptor " + r.Target + ")"
	case r.Kind != service.NoProbe:
		return " (ready: " + r.Kind.String() + " " + r.Target + ")"
	}
	return ""
}

// ladder is a stop ladder as written in the file.
func ladder(s *service.Spec) string {
	var words []string
	for _, rung := range s.Stop {
		word := rung.Signal.String()
		if rung.For > 0 {
			word += " " + span(rung.For)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// drainWords says what comes before the first stop signal.
func drainWords(d *service.Drain) string {
	switch {
	case d.Max == 0:
		return ""
	case d.Quiet > 0:
		return fmt.Sprintf("a drain of %s to %s (no new connection for %s), ", span(min(max(d.Min, d.Quiet), d.Max)), span(d.Max), span(d.Quiet))
	}
	return fmt.Sprintf("a drain of %s, ", span(d.Max))
}

// stopWords say how long the services of a level of the stop may take, each when every
// one before it took all of its time, and by which ladder.
func stopWords(plan *service.Plan, g *service.Graph, by []time.Duration, members []int) string {
	var times []time.Duration
	words := make(map[time.Duration][]string)
	for _, i := range members {
		var start time.Duration
		for _, j := range g.Behind[i] {
			start = max(start, by[j])
		}
		takes := by[i] - start
		if words[takes] == nil {
			times = append(times, takes)
		}
		words[takes] = append(words[takes], fmt.Sprintf("%s (%s)", plan.Services[i].Name, ladder(&plan.Services[i])))
	}
	parts := make([]string, len(times))
	for i, takes := range times {
		parts[i] = fmt.Sprintf("up to %s: %s", span(takes), strings.Join(words[takes], ", "))
	}
	return strings.Join(parts, "; ")
}

func endWords(plan *service.Plan, s *service.Spec) string {
	switch {
	case s.ShutdownOn == service.AnyExit && s.Restart == service.Never:
		return "its end, with its status"
	case s.ShutdownOn == service.AnyExit:
		return "its end for good, with its status"
	case s.ShutdownOn == service.NoShutdown:
		return "never ends it"
	case s.GiveUp.Starts > 0 && s.Restart != service.Never:
		return fmt.Sprintf("its failure for good (%d starts within %s), with its status", s.GiveUp.Starts, span(s.GiveUp.Within))
	case s.Restart == service.Never:
		return "its failure, with its status"
	}
	return ""
}

// span is a length of time without needless zeros: 1m30s, 9s, 500ms.
func span(d time.Duration) string {
	text := d.Round(time.Millisecond).String()
	for _, zero := range [...]string{"m0s", "h0m"} {
		if rest, ok := strings.CutSuffix(text, zero); ok {
			text = rest + zero[:1]
		}
	}
	return text
}
