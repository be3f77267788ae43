package container

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// watched is a trace that tells of its lines.
type watched chan string

func (w watched) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		w <- strings.TrimSuffix(line, "\n")
	}
	return len(p), nil
}

// await reads the trace up to the line that has a text, and returns all of that.
func (w watched) await(t *testing.T, part string) (text string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case line := <-w:
			text += line + "\n"
			if strings.Contains(line, part) {
				return text
			}
		case <-timeout:
			t.Fatalf("no line has %q:\n%s", part, text)
		}
	}
}

func polite(name string) service.Spec {
	return service.Spec{
		Name: name, Command: []string{name}, OKCodes: []int{0},
		Stop: []service.Rung{{Signal: proc.TERM, For: time.Minute}, {Signal: proc.KILL}},
	}
}

// plan ignores HUP.
func plan(services ...service.Spec) service.Plan {
	return service.Plan{
		Init:    service.Init{Grace: time.Minute, Rules: map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbIgnore}}},
		Control: service.Control{Off: true}, Services: services,
	}
}

// A plan that is applied changes the running container by what differs: what is new starts, what
// has changed starts again with its new settings, what is gone is forgotten with its output,
// and everything else keeps its process.
func TestApply(t *testing.T) {
	sim := simkernel.New(1)
	if err := sim.Catch(); err != nil {
		t.Fatal(err)
	}
	sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
	db, web, cron := polite("db"), polite("web"), polite("cron")
	web.Needs, web.Env = []string{"db"}, []string{"A=1"}
	trace := make(watched, 1000)
	c := Load(Options{Plan: plan(db, web, cron), Kernel: sim, Getenv: func(string) string { return "" }, Verbosity: -1, Trace: trace})
	status, over := make(chan int, 1), make(chan struct{})
	go func() {
		status <- c.Run()
		close(over)
	}()
	trace.await(t, " started run=3 ")

	changed, added := web, polite("a-longer-name")
	changed.Env, added.Needs = []string{"A=2"}, []string{"web"}
	if _, err := c.Apply(plan(db, changed, added)); err != nil {
		t.Fatal(err)
	}
	if text := trace.await(t, " started run=5 "); strings.Contains(text, " signal db ") || !strings.Contains(text, " forget cron\n") || !strings.Contains(text, " edition=1\n") {
		t.Errorf("the first change:\n%s", text)
	}

	changed.Stop, changed.Needs = []service.Rung{{Signal: proc.QUIT}}, nil // no other run for that
	other := plan(db, changed, added)
	other.Init.Rules[proc.HUP] = service.Rule{Verb: service.VerbStop}
	if _, err := c.Apply(other); err != nil {
		t.Fatal(err)
	}
	text := trace.await(t, " adopt ")
	sim.Send(proc.Caught{Signal: proc.HUP}, over) // by the new rules it stops the container
	if text += trace.await(t, " signalled HUP stop"); strings.Contains(text, " signal ") || strings.Contains(text, " spawn ") {
		t.Errorf("the second change:\n%s", text)
	}
	if got := <-status; got != 0 {
		t.Errorf("status %d", got)
	}
	var started []string
	for _, command := range sim.Spawned() {
		started = append(started, command.Argv[0]+" "+strings.Join(command.Env, " "))
	}
	slices.Sort(started)
	want := []string{
		"a-longer-name SEXTON_SERVICE=a-longer-name", "cron SEXTON_SERVICE=cron", "db SEXTON_SERVICE=db",
		"web A=1 SEXTON_SERVICE=web", "web A=2 SEXTON_SERVICE=web",
	}
	if !slices.Equal(started, want) {
		t.Errorf("started %q, want %q", started, want)
	}
	if c.output.carried["cron"] || !c.output.carried["web"] {
		t.Errorf("outputs of %v", c.output.carried)
	}
	for _, wrong := range sim.Wrongs() {
		t.Error(wrong)
	}
}

func TestOneCommandHasNoPlanToChange(t *testing.T) {
	c := &Container{Options: Options{Plan: service.Plan{Init: service.Init{Policies: service.Policies{Lean: true}}}}}
	if _, err := c.Apply(service.Plan{}); err == nil {
		t.Error("it was changed")
	}
}

// Only what a run is started with needs another run: its command, its files, its user, how it
// is asked whether it is ready. What the machine alone decides by does not.
func TestWhatNeedsANewRun(t *testing.T) {
	plan := func(change func(p *service.Plan)) service.Plan {
		p := service.Plan{Services: []service.Spec{polite("web"), polite("log")}}
		change(&p)
		return p
	}
	first := plan(func(*service.Plan) {})
	for name, test := range map[string]struct {
		change func(p *service.Plan)
		want   uint32
	}{
		"nothing":         {func(*service.Plan) {}, 0},
		"needs":           {func(p *service.Plan) { p.Services[0].Needs = []string{"log"} }, 0},
		"restart":         {func(p *service.Plan) { p.Services[0].Restart = service.Never }, 0},
		"stop":            {func(p *service.Plan) { p.Services[0].Stop = nil }, 0},
		"signals":         {func(p *service.Plan) { p.Services[0].Signals = []proc.Signal{proc.HUP} }, 0},
		"another service": {func(p *service.Plan) { p.Services[1].Dir = "/tmp" }, 0},
		"the grace":       {func(p *service.Plan) { p.Init.Grace = time.Hour }, 0},
		"command":         {func(p *service.Plan) { p.Services[0].Command = []string{"web", "-v"} }, 1},
		"settings":        {func(p *service.Plan) { p.Services[0].Dir = "/tmp" }, 1},
		"ready":           {func(p *service.Plan) { p.Services[0].Ready.Within = time.Second }, 1},
		"log":             {func(p *service.Plan) { p.Services[0].Log.Format = service.JSON }, 1},
		"main":            {func(p *service.Plan) { p.Init.Main = "web" }, 1},
		"a reader":        {func(p *service.Plan) { p.Services[1].StdinFrom = "web" }, 1},
	} {
		var e editions
		next := plan(test.change)
		if e.give(&first, &next); next.Services[0].Edition != test.want {
			t.Errorf("%s: edition %d, want %d", name, next.Services[0].Edition, test.want)
		}
		again := plan(test.change)
		if e.give(&first, &again); again.Services[0].Edition != test.want {
			t.Errorf("%s, twice: edition %d, want %d", name, again.Services[0].Edition, test.want)
		}
	}
}

// A service that was taken out and comes back while its last run is still being stopped is the
// same one: its edition goes on. After the machine has forgotten it, it is new.
func TestEditionsOutliveARemoval(t *testing.T) {
	var e editions
	first := service.Plan{Services: []service.Spec{polite("web")}}
	changed := service.Plan{Services: []service.Spec{polite("web")}}
	changed.Services[0].Dir = "/tmp"
	for range 2 {
		e.give(&first, &service.Plan{})
		next := service.Plan{Services: slices.Clone(changed.Services)}
		if e.give(&first, &next); next.Services[0].Edition != 1 {
			t.Errorf("edition %d", next.Services[0].Edition)
		}
		e.forget("web") // too late: it is planned again
		if len(e.known) != 1 {
			t.Error("a service of the plan was forgotten")
		}
	}
	e.give(&first, &service.Plan{})
	if e.forget("web"); len(e.known) != 0 {
		t.Errorf("left: %v", e.known)
	}
}
