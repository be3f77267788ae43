package pid1

import (
	"testing"
	"time"

	"sexton/proc"
)

// A sweep that was ordered waits for its turn; its signal goes out once, and afterwards the
// machine waits to hear that nothing is left.
func TestASweepGoesOutOnceAndWaits(t *testing.T) {
	var s sweep
	if s.ordered() || s.waits() {
		t.Error("a sweep without an order")
	}
	for _, sig := range []proc.Signal{proc.TERM, proc.KILL} {
		if s.order(sig); !s.ordered() || s.waits() || s.signal != sig {
			t.Errorf("%v was ordered: %+v", sig, s)
		}
		if s.sent(time.Second, false); s.ordered() || !s.waits() || s.killDue(time.Hour) {
			t.Errorf("%v went to everything at once: %+v", sig, s)
		}
	}
	if s.end(); s.ordered() || s.waits() {
		t.Errorf("nothing is left: %+v", s)
	}
}

// KILL that went one by one is repeated at its interval until nothing is left; TERM never.
func TestKillIsRepeatedWhereItGoesOneByOne(t *testing.T) {
	var s sweep
	s.order(proc.TERM)
	if s.sent(0, true); !s.waits() || s.killDue(time.Hour) {
		t.Errorf("TERM went one by one: %+v", s)
	}
	if s.order(proc.KILL); s.killDue(time.Hour) {
		t.Error("KILL is repeated before it was sent")
	}
	s.sent(time.Second, true)
	for _, c := range []struct {
		at  time.Duration
		due bool
	}{{time.Second, false}, {time.Second + killAgainEvery - 1, false}, {time.Second + killAgainEvery, true}} {
		if s.killDue(c.at) != c.due {
			t.Errorf("KILL went at 1s; at %v it is due: %v", c.at, !c.due)
		}
	}
	if s.sent(time.Second+killAgainEvery, true); s.killDue(time.Second+killAgainEvery) || !s.killDue(time.Second+2*killAgainEvery) {
		t.Errorf("after it was repeated: %+v", s)
	}
	if s.end(); s.waits() || s.killDue(time.Hour) {
		t.Errorf("nothing is left: %+v", s)
	}
}
