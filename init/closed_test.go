package pid1

import (
	"slices"
	"strings"
	"testing"

	"sexton/internal/closed"
	"sexton/machine"
)

func TestEveryActionIsPerformed(t *testing.T) {
	if members, cases := closed.Members(t, "../machine", "action"), closed.Cases(t, ".", "perform"); !slices.Equal(members, cases) {
		t.Errorf("the actions are %v, and perform handles %v", members, cases)
	}
}

// An action that the loop does not know is an internal error: it would be lost silently.
func TestUnknownActionIsAnInternalError(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "cannot be performed") {
			t.Errorf("got %q", text)
		}
	}()
	(&PID1{}).perform(struct{ machine.Action }{})
	t.Error("it went on")
}
