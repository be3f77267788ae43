package forward

import (
	"slices"
	"testing"

	"sexton/proc"
	"sexton/service"
)

var (
	stop    = service.Rule{Verb: service.VerbStop}
	ignore  = service.Rule{Verb: service.VerbIgnore}
	forward = service.Rule{Verb: service.VerbForward}
	send    = service.Rule{Verb: service.VerbSend, Signal: proc.USR1, To: []string{"db"}}
	suspend = service.Rule{Verb: service.VerbForward, Signal: proc.STOP, Suspend: true}
)

func TestWhatASignalDoes(t *testing.T) {
	services := &service.Plan{Init: service.Init{Rules: map[proc.Signal]service.Rule{
		proc.WINCH: stop, proc.TERM: ignore, proc.QUIT: forward,
	}}}
	ownWindow := &service.Plan{Init: service.Init{Main: "web"}, Services: []service.Spec{{Name: "db"}, {Name: "web", PTY: true}}}
	shared := &service.Plan{Init: service.Init{Main: "web"}, Services: []service.Spec{{Name: "db", PTY: true}, {Name: "web"}}}
	ruled := &service.Plan{Init: service.Init{Rules: map[proc.Signal]service.Rule{proc.WINCH: send}}}
	one := func(ourGroup bool) *service.Plan {
		return &service.Plan{
			Init:     service.Init{Policies: service.Policies{StopSignals: service.ForwardToMain}, Main: "main", Rules: map[proc.Signal]service.Rule{proc.PIPE: forward, proc.TSTP: suspend}},
			Services: []service.Spec{{Name: "main", OurGroup: ourGroup}},
		}
	}
	for _, test := range []struct {
		what string
		plan *service.Plan
		c    proc.Caught
		want service.Rule
		ours bool
	}{
		{what: "a rule", plan: services, c: proc.Caught{Signal: proc.WINCH}, want: stop},
		{what: "stop by WINCH, a window of a new size", plan: services, c: proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, want: ignore},
		{what: "main's own window", plan: ownWindow, c: proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, want: ignore},
		{what: "main's own window, somebody", plan: ownWindow, c: proc.Caught{Signal: proc.WINCH, PID: 7}, want: forward},
		{what: "our window", plan: shared, c: proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, want: forward},
		{what: "a rule for a window of a new size", plan: ruled, c: proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, want: send},
		{what: "no main, a window of a new size", plan: &service.Plan{}, c: proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, want: ignore},
		{what: "no main, WINCH of somebody", plan: &service.Plan{}, c: proc.Caught{Signal: proc.WINCH}, want: forward},
		{what: "a rule against the default", plan: services, c: proc.Caught{Signal: proc.TERM}, want: ignore},
		{what: "a rule against the default", plan: services, c: proc.Caught{Signal: proc.QUIT}, want: forward},
		{what: "a default", plan: services, c: proc.Caught{Signal: proc.INT}, want: stop},
		{what: "a default", plan: services, c: proc.Caught{Signal: proc.RTMin + 3}, want: stop},
		{what: "no rule", plan: services, c: proc.Caught{Signal: proc.RTMin + 4}, want: forward},
		{what: "ours", plan: services, c: proc.Caught{Signal: proc.PIPE}, ours: true},
		{what: "no signal, only a count", plan: services, c: proc.Caught{Lost: 3}, ours: true},
		{what: "PIPE by a rule", plan: one(false), c: proc.Caught{Signal: proc.PIPE}, want: forward},
		{what: "one command", plan: one(false), c: proc.Caught{Signal: proc.TERM}, want: forward},
		{what: "one command, a terminal", plan: one(false), c: proc.Caught{Signal: proc.INT, Code: proc.CodeKernel}, want: forward},
		{what: "our group, somebody", plan: one(true), c: proc.Caught{Signal: proc.INT, PID: 7}, want: forward},
		{what: "our group, a terminal that has told it", plan: one(true), c: proc.Caught{Signal: proc.INT, Code: proc.CodeKernel}, want: ignore},
		{what: "our group, a terminal that tells us alone", plan: one(true), c: proc.Caught{Signal: proc.HUP, Code: proc.CodeKernel}, want: forward},
		{what: "our group, Ctrl-Z", plan: one(true), c: proc.Caught{Signal: proc.TSTP, Code: proc.CodeKernel},
			want: service.Rule{Verb: service.VerbIgnore, Signal: proc.STOP, Suspend: true}},
	} {
		rule, ok := New(test.plan).For(test.c)
		if ok == test.ours || rule.Verb != test.want.Verb || rule.Signal != test.want.Signal || rule.Suspend != test.want.Suspend {
			t.Errorf("%s, %v: %+v, %v", test.what, test.c.Signal, rule, ok)
		}
	}
}

func TestStopsNamesWhatStopsTheContainer(t *testing.T) {
	plan := &service.Plan{Init: service.Init{Rules: map[proc.Signal]service.Rule{
		proc.INT: ignore, proc.HUP: stop, proc.CHLD: stop, proc.KILL: stop, proc.LastSignal: stop,
	}}}
	if got := New(plan).Stops(); !slices.Equal(got, []proc.Signal{proc.TERM, proc.QUIT, proc.RTMin + 3, proc.HUP, proc.LastSignal}) {
		t.Error(got)
	}
}

func TestFromSaysWhoSentIt(t *testing.T) {
	name := func(pid proc.PID) string { return map[proc.PID]string{42: "nginx"}[pid] }
	for want, c := range map[string]proc.Caught{
		"from the terminal":          {Signal: proc.HUP, Code: proc.CodeKernel},
		"from the kernel":            {Signal: proc.XCPU, Code: proc.CodeKernel},
		"from outside the container": {},
		"from PID 42 (nginx)":        {PID: 42},
		"from PID 43":                {PID: 43, Code: proc.CodeQueue},
	} {
		if got := From(c, name); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
}

// HUP is a reload by its rule, or where there are services and no main; but not one from the kernel.
func TestWhatReloads(t *testing.T) {
	ruled := &service.Plan{Init: service.Init{Main: "web", Rules: map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbReload}}}}
	for _, c := range []struct {
		plan *service.Plan
		code int
		want service.Verb
	}{
		{&service.Plan{}, 0, service.VerbReload},
		{&service.Plan{}, proc.CodeKernel, service.VerbForward},
		{&service.Plan{Init: service.Init{Main: "web"}}, 0, service.VerbForward},
		{&service.Plan{Init: service.Init{Policies: service.Policies{Lean: true}}}, 0, service.VerbForward},
		{ruled, 0, service.VerbReload},
		{ruled, proc.CodeKernel, service.VerbForward},
	} {
		if rule, ok := New(c.plan).For(proc.Caught{Signal: proc.HUP, Code: c.code}); !ok || rule.Verb != c.want {
			t.Errorf("%+v, code %d: %v, %v, want %v", c.plan.Init, c.code, rule.Verb, ok, c.want)
		}
	}
}
