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
