package service

import (
	"slices"
	"time"
)

// need is what one or several ladders ask for: the sum of the fixed times, and
// how many rungs leave theirs to us.
type need struct {
	fixed time.Duration
	open  int
}

func needOf(rungs []Rung) (n need) {
	s := Spec{Stop: rungs}
	n.fixed, n.open = s.Ladder()
	return n
}

// StopBy is the moment by which each service is down, or killed, at the latest, in a
// stop that has total: the plan on which the deadlines of a shutdown are
// based. Somebody who ends sooner gives what he has not used to those who come
// behind him. Only for plans without a cycle.
//
// A rung without a time of its own has an equal share of what is left until the
// end, less what this ladder and those of the longest path behind it have
// fixed; see machine.share, which does the same when the moment has come.
func (g *Graph) StopBy(total time.Duration) []time.Duration {
	below := make([]need, len(g.specs))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			own := needOf(g.specs[j].Stop)
			below[i].fixed = max(below[i].fixed, below[j].fixed+own.fixed)
			below[i].open = max(below[i].open, below[j].open+own.open)
		}
	}
	by := make([]time.Duration, len(g.specs))
	for _, i := range slices.Backward(g.Order) {
		at := time.Duration(0)
		for _, j := range g.Behind[i] {
			at = max(at, by[j])
		}
		rungs := g.specs[i].Stop
		for k, rung := range rungs {
			if rung.Kills() {
				break
			}
			patience := rung.For
			if patience == 0 {
				own := needOf(rungs[k:])
				left := total - at - own.fixed - below[i].fixed
				patience = max(0, left/time.Duration(max(1, own.open+below[i].open)))
			}
			at = min(total, at+patience)
		}
		by[i] = at
	}
	return by
}
