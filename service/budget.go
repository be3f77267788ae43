package service

import (
	"slices"
	"time"

	"sexton/proc"
)

// How the time of a shutdown is divided.

// Reserve is what a shutdown keeps back of its grace for the last KILL, for
// reaping and for writing out what is left of the output: a tenth of it, never
// more than a second, and not less than what the kernel may need to end a loaded container:
// 150 ms, or a quarter of a grace that has not got that much.
func Reserve(grace time.Duration) time.Duration {
	return min(max(grace/10, min(150*time.Millisecond, grace/4)), time.Second)
}

// Need is what one or several stop ladders ask for.
type Need struct {
	Fixed time.Duration // the rungs with a time of their own
	Open  int           // how many leave theirs to us
}

// NeedOf is what the rungs of a ladder ask for. One of KILL takes no time.
func NeedOf(rungs []Rung) (n Need) {
	for _, r := range rungs {
		switch {
		case r.For > 0:
			n.Fixed += r.For
		case !r.Kills():
			n.Open++
		}
	}
	return n
}

// Kills tells whether the rung is the end of any ladder.
func (r Rung) Kills() bool { return r.Signal == proc.KILL }

// Plus is both, one after the other.
func (n Need) Plus(o Need) Need { return Need{n.Fixed + o.Fixed, n.Open + o.Open} }

// Share is what each open rung gets of the time that is left: an equal part of what
// the others have not fixed.
func (n Need) Share(left time.Duration) time.Duration {
	return max(0, (left-n.Fixed)/time.Duration(max(1, n.Open)))
}

// NeedBelow is for each service the largest fixed time, and the largest number of open
// rungs, on any path of services that stop after it. Those that counts leaves out ask
// for nothing.
func (g *Graph) NeedBelow(counts func(i int) bool) []Need {
	below := make([]Need, len(g.specs))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			need := below[j]
			if counts(j) {
				need = need.Plus(NeedOf(g.specs[j].Stop))
			}
			below[i] = Need{max(below[i].Fixed, need.Fixed), max(below[i].Open, need.Open)}
		}
	}
	return below
}

// StopBy is the moment by which each service is down, or killed, at the latest, in a
// stop that has total: the plan on which the deadlines of a shutdown are
// based. Somebody who ends sooner gives what he has not used to those who come
// behind him. Only for plans without a cycle.
//
// A rung without a time of its own has its share (Need.Share) of what is left until
// the end; see machine.share, which does the same when the moment has come.
func (g *Graph) StopBy(total time.Duration) []time.Duration {
	below := g.NeedBelow(func(int) bool { return true })
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
				patience = NeedOf(rungs[k:]).Plus(below[i]).Share(total - at)
			}
			at = min(total, at+patience)
		}
		by[i] = at
	}
	return by
}

// LongestStop is the path of services, in the order in which they stop, whose
// ladders have the largest sum of fixed times, with that sum. Rungs without a
// time count as nothing. With a cycle there is no such path.
func (g *Graph) LongestStop() (path []int, total time.Duration) {
	if g.Cycle != nil {
		return nil, 0
	}
	best := make([]time.Duration, len(g.specs)) // of the paths that begin with each
	at := -1
	for i, below := range g.NeedBelow(func(int) bool { return true }) {
		best[i] = below.Fixed + NeedOf(g.specs[i].Stop).Fixed
		if at < 0 || best[i] > best[at] {
			at = i
		}
	}
	if at < 0 {
		return nil, 0
	}
	total = best[at]
	for at >= 0 {
		path = append(path, at)
		next := -1
		for _, j := range g.Before[at] {
			if next < 0 || best[j] > best[next] {
				next = j
			}
		}
		at = next
	}
	return path, total
}

// ReadyBy is by when the services are ready, or their start has failed, when each takes
// all the time that it may and none is restarted; unlimited names those that may take any
// time, which count as nothing. Only for plans without a cycle.
func (g *Graph) ReadyBy() (by time.Duration, unlimited []string) {
	at := make([]time.Duration, len(g.specs))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			at[i] = max(at[i], at[j])
		}
		switch s := &g.specs[i]; {
		case s.Ready.Kind == AfterTime:
			at[i] += s.Ready.Delay
		case s.Ready.Within > 0:
			at[i] += s.Ready.Within
		case s.OneShot || s.Ready.Kind != NoProbe:
			unlimited = append(unlimited, s.Name)
		}
		by = max(by, at[i])
	}
	return by, unlimited
}
