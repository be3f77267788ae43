package dialogue

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/config"
	"sexton/internal/closed"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

func TestEveryEventAndActionCanBeWritten(t *testing.T) {
	var names []string
	for _, form := range forms() {
		f, err := reading("")
		if err != nil {
			t.Fatal(err)
		}
		event, _ := form.pass(f, []string{"TERM", "stop"}[:form.words], nil)
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", event), "machine."))
	}
	slices.Sort(names)
	if members := closed.Members(t, "..", "event"); !slices.Equal(members, names) {
		t.Errorf("the events are %v, and dialogues have %v", members, names)
	}
	if members, cases := closed.Members(t, "..", "action"), closed.Cases(t, ".", "actionText"); !slices.Equal(members, cases) {
		t.Errorf("the actions are %v, and dialogues have %v", members, cases)
	}
}

// What is written is read as the same event: all of it decides something.
func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	rule := service.Rule{Verb: service.VerbSend, Signal: proc.HUP, To: []string{"a", "b"}, Suspend: true}
	for _, event := range []machine.Event{
		machine.Booted{},
		machine.Started{Run: 3, PID: 14},
		machine.StartFailed{Run: 3, Err: `exec "x": a=b`, Status: 127, Passing: true},
		machine.Exited{Run: 3, Exit: proc.Exit{Code: 2}, Behind: "nginx (pid 3)", Stays: true},
		machine.Exited{Run: 3, Exit: proc.Exit{Signal: proc.RTMin + 2, Core: true, OOM: true}},
		machine.Emptied{Run: 3},
		machine.Escaped{Run: 3, Names: "sh (pid 3), x", Claimed: true},
		machine.Survived{},
		machine.Stray{PID: 4, Command: "a b\n", Service: "web", Claimed: true, Outside: true, Killed: true},
		machine.StrayEnded{PID: 4},
		machine.Hooked{Run: 3, Seq: 9, Err: "exited with status 2", Status: 2, Output: "a b"},
		machine.Hooked{Run: 3, Seq: 10},
		machine.Probed{Run: 3, Seq: 9, Err: "no answer", Output: "=\""},
		machine.Signalled{Signal: proc.USR1, Rule: rule, Queued: true, Value: 0, From: "from PID 3", Typed: true},
		machine.Connected{Count: 3, Unknown: "no file"},
		machine.Asked{Verb: machine.AskShutdownNow, Service: "web", From: "by root"},
		machine.FilesChanged{Service: "web", What: "/etc/web and 2 more", Reload: true},
		machine.Ticked{},
	} {
		text := FormatEvent(3*time.Second, event)
		if at, read, err := ParseEvent(text); err != nil || at != 3*time.Second || !reflect.DeepEqual(read, event) {
			t.Errorf("%q is read as %#v at %v: %v", text, read, at, err)
		}
	}
}

func TestPlansAreReadAsTheyWereWritten(t *testing.T) {
	one := config.OneCommand([]string{"/bin/sleep", "1"}, nil)
	one.Init.SignalOnMainExit, one.Init.Mute = proc.TERM, 2
	all := service.Plan{Init: service.Init{
		Policies: service.Policies{StaysIdle: true, Lean: true, GraceMeans: service.KillAfter}, Main: "a", Grace: time.Second,
		Drain: service.Drain{Min: 1, Quiet: 2, Max: 3, StaysReady: true}, ExitCodeFrom: "b",
	}}
	for kind := service.NoProbe; kind <= service.AfterTime; kind++ {
		s := defaultSpec()
		s.Name = fmt.Sprint("s", kind)
		if s.Needs = []string{"x", "y"}; kind != service.NoProbe {
			s.Ready = service.Probe{Kind: kind, Target: "a b", Command: []string{"/bin/sh", "-c", "a b"}, Every: 3, Timeout: 4, Within: 5}
		}
		if kind == service.AfterTime {
			s.Ready.Delay, s.Ready.Target, s.Ready.Command = time.Second, "1s", []string{"/bin/sh", "-c", "1s"}
		}
		s.Restart, s.ShutdownOn, s.OneShot, s.Single, s.Edition = service.OnFailure, service.NoShutdown, true, true, 7
		s.Backoff, s.GiveUp = service.Backoff{First: 1, Factor: 1.5, Max: 3, Jitter: 0.1, Reset: 9}, service.GiveUp{Starts: 7, Within: 8}
		s.OKCodes, s.Signals = []int{1, 2}, []proc.Signal{proc.HUP, proc.RTMin}
		s.Stop = []service.Rung{{Signal: proc.QUIT, For: 3}, {Signal: proc.KILL}}
		shell := []string{"/bin/sh", "-c", "a, b/c"}
		s.Hooks[service.BeforeStart] = []service.Hook{{Command: shell}, {Command: shell, Timeout: 3}}
		s.Hooks[service.StopCommand] = []service.Hook{{Command: shell, Timeout: 4}}
		all.Services = append(all.Services, s)
	}
	for _, plan := range []service.Plan{one, all} {
		text, read, seed := FormatPlan(plan, 7), service.Plan{}, uint64(0)
		for line := range strings.Lines(text) {
			if ok, err := ParsePlanLine(strings.TrimSuffix(line, "\n"), &read, &seed); !ok || err != nil {
				t.Fatalf("%q: %v, %v", line, ok, err)
			}
		}
		if again := FormatPlan(read, seed); again != text || !reflect.DeepEqual(read.Init, plan.Init) {
			t.Errorf("\n%sis read as\n%s%+v", text, again, read.Init)
		}
	}
	if !strings.Contains(FormatPlan(all, 1), `ready="exec/a b"`) {
		t.Error(FormatPlan(all, 1))
	}
}

// A line with a mistake is refused, with the key: a test that sent something else than its
// author meant would prove nothing.
func TestMistakesInDialoguesAreRefused(t *testing.T) {
	for _, line := range []string{
		"at soon booted", "begun", "started run=x", "started run=1 pig=3", `probed err="`, "signalled FOO stop", "signalled TERM stopp",
		"asked politely", "init grace=soon", "init drain=1s", "service web ready=rumour/x", "service web restart=sometimes",
		"service web stop=TERM/soon", "service web stop=FOO", "service web give-up=3", "service web ok=a", "init mute=a", "service web x",
	} {
		var plan service.Plan
		var seed uint64
		ok, err := ParsePlanLine(line, &plan, &seed)
		if !ok {
			_, _, err = ParseEvent(line)
		}
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", line)) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The lines of a later plan stand before the event that brings it. What they do not say of
// [init] stays as it is.
func TestAReloadIsReadWithItsPlan(t *testing.T) {
	script := Script{Plan: service.Plan{Init: service.Init{Grace: time.Minute}}}
	read := func(text string) (event machine.Event) {
		for line := range strings.Lines(text) {
			var err error
			if _, event, err = script.Line(strings.TrimSuffix(line, "\n")); err != nil {
				t.Fatal(err)
			}
		}
		return event
	}
	read("service web\nbooted\n")
	var names []string
	for _, text := range []string{"service db edition=3\nservice web\nreloaded", "service log\nreloaded"} {
		e, _ := read(text).(machine.Reloaded)
		for _, s := range e.Plan.Services {
			names = append(names, fmt.Sprint(s.Name, s.Edition))
		}
		if e.Plan.Init.Grace != time.Minute || !reflect.DeepEqual(e.Plan, script.Plan) {
			t.Errorf("%+v", e.Plan)
		}
		written := FormatEvent(time.Second, e)
		if again, _ := read(written).(machine.Reloaded); FormatEvent(time.Second, again) != written {
			t.Errorf("%s is read as %+v", written, again)
		}
	}
	if want := []string{"db3", "web0", "log0"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
