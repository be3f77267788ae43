package signals

import (
	"encoding/binary"
	"slices"
	"testing"

	"sexton/proc"
)

// Standard signals are told of in the order in which they came, over the end of the
// count too, and not by their numbers.
func TestStandardSignalsKeepTheirOrder(t *testing.T) {
	before := catchPID
	defer func() { catchPID = before }()
	catchPID = 1
	came := []proc.Signal{proc.TERM, proc.HUP, proc.USR2, proc.INT}
	order := ^uint32(1)
	for _, s := range came {
		binary.NativeEndian.PutUint32(catchPlace[s][0:], uint32(s))
		binary.NativeEndian.PutUint32(catchPlace[s][4:], order)
		catchClaimed |= 1 << s
		catchPending |= 1 << s
		order++
	}
	var news proc.News
	takeStandard(&news)
	var got []proc.Signal
	for _, c := range news.Signals {
		got = append(got, c.Signal)
	}
	if !slices.Equal(got, came) || catchPending != 0 || catchClaimed != 0 {
		t.Errorf("%v came as %v; pending %x, claimed %x", came, got, catchPending, catchClaimed)
	}
}

func TestAnswersToOurOwnActsAreNoEvents(t *testing.T) {
	before := catchPID
	defer func() { catchPID = before }()
	catchPID = 1
	for _, c := range []struct {
		caught proc.Caught
		own    bool
	}{
		{proc.Caught{Signal: proc.XCPU, Code: proc.CodeKernel}, true},
		{proc.Caught{Signal: proc.XCPU, Code: proc.CodeUser, PID: 7}, false},
		{proc.Caught{Signal: proc.WINCH, Code: proc.CodeKernel}, false},
		{proc.Caught{Signal: proc.PIPE, Code: proc.CodeUser, PID: 1}, true},
		{proc.Caught{Signal: proc.URG, Code: proc.CodeTkill, PID: 1}, true},
		{proc.Caught{Signal: proc.URG, Code: proc.CodeTkill, PID: 7}, false},
		{proc.Caught{Signal: proc.USR1, Code: proc.CodeQueue, PID: 1}, false},
	} {
		var news proc.News
		note(&news, c.caught)
		if own := len(news.Signals) == 0; own != c.own {
			t.Errorf("%+v: our own doing: %v", c.caught, own)
		}
	}
}
