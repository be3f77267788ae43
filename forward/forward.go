// Package forward says what a signal that reached us does, and who sent it. It knows no
// states.
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
	reloads     bool // HUP without a rule is a reload: there are services, and none of them is main
	ourGroup    bool // main is in our own process group
	ownWindow   bool // main has a terminal of its own, or there is no main: no service uses our window
}

// New makes the table of a plan.
func New(plan *service.Plan) Table {
	t := Table{
		rules: plan.Init.Rules, stopSignals: plan.Init.StopSignals,
		ownWindow: plan.Init.Main == "",
		reloads:   plan.Init.Main == "" && !plan.Init.Lean,
	}
	for i := range plan.Services {
		if s := &plan.Services[i]; s.Name == plan.Init.Main {
			t.ownWindow, t.ourGroup = s.PTY, s.OurGroup
		}
	}
	return t
}

// For is what a signal that was caught does. ok is false for one that is ours
// and goes no further; a rule can forward PIPE anyway.
//
// A signal that the terminal sends to our whole process group has already reached a main in
// that group, and is not sent to it a second time. A new size of our window does not concern
// a main that has a window of its own; that one's WINCH comes from the kernel. And a new size
// of the window does not stop the container where WINCH is the stop signal, as httpd's is: that
// means a WINCH from a process.
func (t Table) For(c proc.Caught) (rule service.Rule, ok bool) {
	if _, ruled := t.rules[c.Signal]; c.Signal == 0 || Ours(c.Signal) && !ruled {
		return service.Rule{}, false
	}
	rule = t.Rule(c.Signal)
	if rule.Verb == service.VerbReload && c.Code > 0 { // the terminal is gone, which says nothing about the files
		rule = service.Rule{Verb: service.VerbForward}
	}
	if t.ourGroup && c.Code == proc.CodeKernel && toGroup(c.Signal) ||
		Resized(c) && (rule.Verb == service.VerbStop || rule.Verb == service.VerbForward && t.ownWindow) {
		rule.Verb = service.VerbIgnore
	}
	return rule, true
}

// Resized tells whether a signal says that our terminal's window has a new size.
func Resized(c proc.Caught) bool { return c.Signal == proc.WINCH && c.Code == proc.CodeKernel }

// toGroup tells whether a terminal sends the signal to a whole process group. HUP, when the
// terminal closes, goes to the session's leader alone.
func toGroup(s proc.Signal) bool {
	switch s {
	case proc.INT, proc.QUIT, proc.TSTP, proc.TTIN, proc.TTOU, proc.WINCH:
		return true
	}
	return false
}

// Ours tells whether a signal is for ourselves and goes no further: CHLD reports deaths, and
// PIPE readers that have closed. A URG that our own process sent is from Go's runtime; kernel
// does not report it.
func Ours(s proc.Signal) bool { return s == proc.CHLD || s == proc.PIPE }

// CannotBeCaught tells whether a signal can have no rule, because no process can catch it
// (signal(7)).
func CannotBeCaught(s proc.Signal) bool { return s == proc.KILL || s == proc.STOP }

// Rule is what a signal does: what its own rule says, if it has one. Otherwise TERM, INT,
// QUIT and RTMIN+3 do what the plan's StopSignals says, HUP is a reload where there is no main, and
// main gets every other one.
func (t Table) Rule(s proc.Signal) service.Rule {
	if rule, ok := t.rules[s]; ok {
		return rule
	}
	if t.stopSignals == service.StopContainer && service.StopsByDefault(s) {
		return service.Rule{Verb: service.VerbStop}
	}
	if t.reloads && s == proc.HUP {
		return service.Rule{Verb: service.VerbReload}
	}
	return service.Rule{Verb: service.VerbForward}
}

// Stops lists the signals that stop the container. Those that runtimes and terminals
// send come first.
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

// From says in words who sent a signal. name is the name of a process, "" if it is not
// known.
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
