package pid1

import (
	"fmt"
	"slices"
	"testing"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// claims is a kernel whose processes say that they are web's.
type claims struct{ *simkernel.Sim }

func (claims) ServiceOf(proc.PID) string { return "web" }

// A process's group, session or parents prove which service it comes from. Its own claim counts
// only where there is no proof, and is marked as one. A process whose parents lead out of the
// namespace came from outside.
func TestProofBeatsAClaim(t *testing.T) {
	sim := simkernel.New(1)
	p := New(Config{
		Plan:   service.Plan{Services: []service.Spec{{Name: "web"}, {Name: "evil"}}},
		Kernel: claims{sim}, Output: &diary{},
	})
	evil := &child{role: serving{}, pid: 20, run: 2, handle: p.handles["evil"]}
	p.children[20] = evil
	others := []proc.Other{
		{PID: 20, Parent: 1, Group: 20, Session: 20},
		{PID: 21, Parent: 1, Group: 20, Session: 20},
		{PID: 22, Parent: 1, Group: 22, Session: 20},
		{PID: 23, Parent: 20, Group: 23, Session: 23},
		{PID: 24, Parent: 23, Group: 24, Session: 24},
		{PID: 30, Parent: 1, Group: 30, Session: 30},
		{PID: 40, Parent: 0, Group: 40, Session: 40},
		{PID: 41, Parent: 40, Group: 41, Session: 40},
		{PID: 50, Parent: 49, Group: 50, Session: 50}, // its parent was not seen
	}
	want := map[proc.PID]struct {
		service          string
		claimed, outside bool
	}{
		20: {"evil", false, false}, 21: {"evil", false, false}, 22: {"evil", false, false}, 23: {"evil", false, false}, 24: {"evil", false, false},
		30: {"web", true, false}, 40: {"web", true, true}, 41: {"web", true, true}, 50: {"web", true, false},
	}
	f := p.familyOf(others)
	for _, other := range others {
		got := want[other.PID]
		got.service, got.claimed = f.service(other)
		got.outside = f.outside(other)
		if got != want[other.PID] {
			t.Errorf("%d: %+v, want %+v", other.PID, got, want[other.PID])
		}
	}
	tell := p.tellOf(others)
	for _, other := range others {
		tell(other)
		left := p.answers[len(p.answers)-1].(machine.Stray)
		if w := want[other.PID]; left.PID != other.PID || left.Service != w.service || left.Claimed != w.claimed || left.Outside != w.outside {
			t.Errorf("%d: the machine is told %+v, want %+v", other.PID, left, w)
		}
	}
}

// others is a kernel where process 30 runs as another user.
type others struct{ claims }

func (others) UserOf(pid proc.PID) int {
	if pid == 30 {
		return 65534
	}
	return 0
}

// A claim makes an orphan a part of a service's tree, for which the stop waits, only when the
// orphan runs as the service's user. Otherwise any process could delay any stop.
func TestAClaimOfAnotherUserHoldsNothingUp(t *testing.T) {
	p := New(Config{
		Plan:   service.Plan{Services: []service.Spec{{Name: "web"}}},
		Owner:  byCommand,
		Kernel: others{claims{simkernel.New(1)}}, Output: &diary{},
	})
	for pid, want := range map[proc.PID]bool{30: false, 31: true} {
		if k, ok := p.kinOf(proc.Other{PID: pid, Group: pid, Session: pid}, nil); ok != want || ok && !k.claimed {
			t.Errorf("%d: %+v, %v", pid, k, ok)
		}
	}
}

// asked is a kernel that notes which processes are signalled one by one.
type asked struct {
	claims
	sent *[]string
}

func (a asked) SignalOther(o proc.Other, sig proc.Signal) {
	*a.sent = append(*a.sent, fmt.Sprintf("%d %v", o.PID, sig))
}

// A process that got TERM as a stray, and is found to be a member of a stopping service
// afterwards, gets no second TERM with the ladder's next step. KILL reaches it.
func TestAStrayThatGotItsTermGetsItOnce(t *testing.T) {
	var sent []string
	p := New(Config{
		Plan:   service.Plan{Services: []service.Spec{{Name: "web"}}},
		Owner:  byCommand,
		Kernel: asked{claims{simkernel.New(1)}, &sent}, Output: &diary{},
	})
	us, _ := p.Kernel.Look(0)
	stray := proc.Other{PID: 30, Parent: us.PID, Group: 30, Started: 7}
	other := proc.Other{PID: 31, Parent: us.PID, Group: 31, Started: 8}
	p.strays.ask(stray)
	members := &tree{members: map[proc.PID]proc.Other{30: stray, 31: other}, stepped: make(map[proc.PID]bool), step: proc.TERM}
	p.stepMembers(members)
	if want := []string{"31 TERM", "31 CONT"}; !slices.Equal(sent, want) || members.spared {
		t.Errorf("sent %q, want %q; spared %v", sent, want, members.spared)
	}
	sent, members.step, members.stepped = nil, proc.KILL, make(map[proc.PID]bool)
	p.stepMembers(members)
	if slices.Sort(sent); !slices.Equal(sent, []string{"30 KILL", "31 KILL"}) {
		t.Errorf("KILL: sent %q", sent)
	}
}
