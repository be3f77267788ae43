package machine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sexton/machine"
	"sexton/machine/dialogue"
	"sexton/proc"
	"sexton/service"
)

// deafPlan is a plan by chance, whose ladders fit into their grace.
func deafPlan(dice *rand.Rand) service.Plan {
	plan := service.Plan{Init: service.Init{Grace: 60 * time.Second}}
	n := 1 + dice.IntN(8)
	for i := range n {
		s := service.Spec{Name: fmt.Sprint("s", i), OKCodes: []int{0}, Stop: []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}}}
		if dice.IntN(3) == 0 {
			s.Stop = []service.Rung{{Signal: proc.QUIT, For: time.Duration(dice.IntN(5000)+1) * time.Millisecond}, {Signal: proc.TERM}, {Signal: proc.KILL}}
		}
		if dice.IntN(6) == 0 {
			s.Stop = []service.Rung{{Signal: proc.INT, For: time.Second}, {Signal: proc.KILL}}
		}
		for j := range i {
			if dice.IntN(3) == 0 {
				s.After = append(s.After, fmt.Sprint("s", j))
			}
		}
		plan.Services = append(plan.Services, s)
	}
	return plan
}

// When no service ends by itself, each is killed at the very moment that the
// plan says; so the plan is known before the first signal, and nothing is late.
func TestDeafServicesAreKilledAtThePlannedMoment(t *testing.T) {
	for seed := range uint64(500) {
		plan := deafPlan(rand.New(rand.NewPCG(seed, 3)))
		total := plan.Init.Grace - service.Reserve(plan.Init.Grace)
		planned := service.NewGraph(plan.Services).StopBy(total)
		for i, at := range killTimes(t, plan) {
			if at != planned[i] {
				t.Fatalf("seed %d: %s is killed at %v and not at %v\n%s", seed, plan.Services[i].Name, at, planned[i], dialogue.FormatPlan(plan, 1))
			}
			if at > total {
				t.Fatalf("seed %d: %s is killed at %v, after %v", seed, plan.Services[i].Name, at, total)
			}
		}
	}
}

// killTimes stops a plan whose services end by KILL alone, and tells when after
// the request each got it.
func killTimes(t *testing.T, plan service.Plan) []time.Duration {
	t.Helper()
	m := machine.New(plan, 1)
	const asked = time.Hour
	now := machine.Instant(0)
	killed := make([]time.Duration, len(plan.Services))
	var take func(machine.Event)
	take = func(event machine.Event) {
		for _, action := range append([]machine.Action(nil), m.Step(now, event)...) {
			switch a := action.(type) {
			case machine.Spawn:
				take(machine.Started{Run: a.Run, PID: 1})
			case machine.Signal:
				if a.Signal == proc.KILL {
					killed[slices.IndexFunc(plan.Services, func(s service.Spec) bool { return s.Name == a.Service })] = now - asked
					take(machine.Exited{Run: a.Run, Exit: proc.Exit{Signal: proc.KILL}})
				}
			case machine.Watch:
				take(machine.Emptied{Run: a.Run})
			case machine.Sweep:
				if !a.StraysOnly {
					take(machine.Emptied{})
				}
			}
		}
	}
	take(machine.Booted{})
	now = asked
	take(machine.Asked{Verb: machine.AskShutdown})
	for !m.Over() {
		next, ok := m.Next()
		if !ok {
			t.Fatal("it waits for nothing")
		}
		now = max(now, next)
		take(machine.Ticked{})
	}
	return killed
}
