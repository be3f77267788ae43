package machine

import (
	"slices"
	"strings"
	"testing"

	"sexton/internal/closed"
	"sexton/service"
)

func TestEveryEventIsHandled(t *testing.T) {
	if members, cases := closed.Members(t, ".", "event"), closed.Cases(t, ".", "Step"); !slices.Equal(members, cases) {
		t.Errorf("the events are %v, and Step handles %v", members, cases)
	}
}

// What cannot happen is an internal error that says what has happened to which unit.
func TestImpossibleEventsAreInternalErrors(t *testing.T) {
	defer func() {
		if got := recover(); got != "web: machine.Ticked while down" {
			t.Errorf("got %q", got)
		}
	}()
	m := New(service.Plan{Services: []service.Spec{{Name: "web"}}}, 1)
	m.named("web").take(m, kindTicked, Ticked{})
	t.Error("it went on")
}

// A client may ask about a service that is not there. An event after the end does nothing,
// and neither does a second boot.
func TestMissingFilesAreLeftAlone(t *testing.T) {
	m := New(service.Plan{Init: service.Init{Policies: service.Policies{StaysIdle: true}}}, 1)
	if m.Records("web") != nil {
		t.Error("it knows web")
	}
	m.Step(0, Booted{})
	m.Step(0, Booted{})
	if m.Step(0, Asked{Verb: AskShutdown}); !m.Over() || len(m.Step(0, Ticked{})) > 0 {
		t.Error("it is not over")
	}
	up, web := runningMachine()
	if up.Step(up.now, Booted{}); web.state != service.Up {
		t.Errorf("a second boot has made it %v", web.state)
	}
	if _, timed := m.Next(); timed {
		t.Error("it waits for a deadline, and is over")
	}
}

// An event that Step does not know is an internal error, as one that cannot happen is: the
// loop reports it, and leaves politely.
func TestUnknownEventIsAnInternalError(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "no step for") {
			t.Errorf("got %q", text)
		}
	}()
	New(service.Plan{}, 1).Step(0, struct{ Event }{})
	t.Error("it went on")
}
