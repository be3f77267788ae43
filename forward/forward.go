// Package forward says what a signal that reached us does, and who sent it. It
// is asked; it does not decide when, and it knows no states.
package forward

import (
	"fmt"

	"sexton/proc"
	"sexton/service"
)

// Table is the signal table of one plan. It does not change.
type Table struct {
	rules       map[proc.Signal]service.Rule
	stopSignals service.StopSignals
	ourGroup    bool // main is in our own process group
	ownWindow   bool // main has a terminal of its own, or there is no main: no service minds our window
}

// New makes the table of a plan.
func New(plan *service.Plan) Table {
	t := Table{
		rules: plan.Init.Rules, stopSignals: plan.Init.StopSignals,
		ownWindow: plan.Init.Main == "",
	}
	for i := range plan.Services {
		if s := &plan.Services[i]; s.Name == plan.Init.Main {
			t.ownWindow, t.ourGroup = s.PTY, s.OurGroup
		}
	}
	return t
}

// For is what a signal that was caught does. ok is false for one that is ours
// and goes no further; a rule can make PIPE go all the same.
//
// What the terminal sends to our whole process group has reached a command in
// that group by itself, and is not sent to it a second time. Nor is the new size
// of its window to who has a window of its own, where the kernel tells of it.
// And a window of a new size is no wish to stop: whose stop signal is WINCH, as
// httpd's is, means the one that somebody sends.
func (t Table) For(c proc.Caught) (rule service.Rule, ok bool) {
	if _, ruled := t.rules[c.Signal]; c.Signal == 0 || Ours(c.Signal) && !ruled {
		return service.Rule{}, false
	}
	rule = t.Rule(c.Signal)
	if t.ourGroup && c.Code == proc.CodeKernel && toGroup(c.Signal) ||
		Resized(c) && (rule.Verb == service.VerbStop || rule.Verb == service.VerbForward && t.ownWindow) {
		rule.Verb = service.VerbIgnore
	}
	return rule, true
}

// Resized tells whether a signal says that our terminal's window has a new size.
func Resized(c proc.Caught) bool { return c.Signal == proc.WINCH && c.Code == proc.CodeKernel }

// toGroup tells whether a terminal sends the signal to a process group as a
// whole. HUP, at its end, goes to the session's leader alone.
func toGroup(s proc.Signal) bool {
	switch s {
	case proc.INT, proc.QUIT, proc.TSTP, proc.TTIN, proc.TTOU, proc.WINCH:
		return true
	}
	return false
}

// Ours tells whether a signal is for ourselves and goes no further, whatever
// anybody's rules say: CHLD tells us of deaths and PIPE of readers that went
// away. URG is Go's own when our own process sent it; kernel keeps that back.
func Ours(s proc.Signal) bool { return s == proc.CHLD || s == proc.PIPE }

// CannotBeCaught tells whether no rule can be made for a signal, because no
// process ever sees it (signal(7)).
func CannotBeCaught(s proc.Signal) bool { return s == proc.KILL || s == proc.STOP }

// Rule is what a signal does: what its own rule says, if it has one. Otherwise TERM, INT,
// QUIT and RTMIN+3 do what the plan's StopSignals says, and main gets every other one.
func (t Table) Rule(s proc.Signal) service.Rule {
	if rule, ok := t.rules[s]; ok {
		return rule
	}
	if t.stopSignals == service.StopContainer && service.StopsByDefault(s) {
		return service.Rule{Verb: service.VerbStop}
	}
	return service.Rule{Verb: service.VerbForward}
}

// Stops lists the signals that stop the container, those that runtimes and
// terminals send first.
func (t Table) Stops() (stops []proc.Signal) {
	usual := []proc.Signal{proc.TERM, proc.INT, proc.QUIT, proc.RTMin + 3}
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if !service.StopsByDefault(s) {
			usual = append(usual, s)
		}
	}
	for _, s := range usual {
		if !Ours(s) && !CannotBeCaught(s) && t.Rule(s).Verb == service.VerbStop {
			stops = append(stops, s)
		}
	}
	return stops
}

// From says in words who sent a signal. name tells what a process is called,
// "" if it is not known.
func From(c proc.Caught, name func(proc.PID) string) string {
	switch {
	case c.Code == proc.CodeKernel && (toGroup(c.Signal) || c.Signal == proc.HUP || c.Signal == proc.CONT):
		return "from the terminal"
	case c.Code > 0:
		return "from the kernel"
	case c.PID == 0:
		return "from outside the container"
	}
	if called := name(c.PID); called != "" {
		return fmt.Sprintf("from PID %d (%s)", c.PID, called)
	}
	return fmt.Sprintf("from PID %d", c.PID)
}
