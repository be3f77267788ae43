package service

import (
	"slices"
	"time"

	"sexton/proc"
)

// This file divides the time of a shutdown.

// Reserve is the part of the grace that a shutdown reserves for the last KILL, for
// reaping and for writing the rest of the output: a tenth of the grace, at most a
// second, and at least the time that the kernel may need to end a loaded container:
// 150 ms, or a quarter of a shorter grace.
func Reserve(grace time.Duration) time.Duration {
	return min(max(grace/10, min(150*time.Millisecond, grace/4)), time.Second)
}

// Need is the time that one or several stop ladders ask for.
type Need struct {
	Fixed time.Duration // the rungs with a time of their own
	Open  int           // the rungs that leave their time to us
}

// NeedOf is the time that the rungs of a ladder ask for. A KILL takes no time.
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

// Plus is the need of both, one after the other.
func (n Need) Plus(o Need) Need { return Need{n.Fixed + o.Fixed, n.Open + o.Open} }

func (n Need) less(o Need) Need { return Need{n.Fixed - o.Fixed, n.Open - o.Open} }

// Share is the part of the remaining time that each open rung gets: an equal part of what
// the fixed rungs leave.
func (n Need) Share(left time.Duration) time.Duration {
	return max(0, (left-n.Fixed)/time.Duration(max(1, n.Open)))
}

// NeedBelow returns for each service the largest fixed time, and the largest number of open
// rungs, on any path of services that stop after it. Services for which counts is false need
// no time.
func (g *Graph) NeedBelow(counts func(i int) bool) []Need {
	below := make([]Need, len(g.specs))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			need := below[j]
			if counts(j) {
				need = need.Plus(g.specs[j].StopNeed())
			}
			below[i] = Need{max(below[i].Fixed, need.Fixed), max(below[i].Open, need.Open)}
		}
	}
	return below
}

// StopBy returns the latest moment at which each service is down or killed, and its hooks have ended, in a
// shutdown that may take total. The deadlines of a shutdown are based on it. A service
// that ends sooner leaves its time to the services that stop after it. Only for plans
// without a cycle.
//
// A rung or a hook without a time of its own gets its share (Need.Share) of the time until
// the end; machine.share does the same when the rung begins.
func (g *Graph) StopBy(total time.Duration) []time.Duration {
	below := g.NeedBelow(func(int) bool { return true })
	by := make([]time.Duration, len(g.specs))
	for _, i := range slices.Backward(g.Order) {
		at := time.Duration(0)
		for _, j := range g.Behind[i] {
			at = max(at, by[j])
		}
		rest := g.specs[i].StopNeed().Plus(below[i])
		for _, step := range g.specs[i].stopSteps() {
			rest = rest.less(step.need)
			at = min(total, at+step.take(rest, total-at))
		}
		by[i] = at
	}
	return by
}

// LongestStop returns the path of services, in the order in which they stop, with
// the largest sum of fixed times, and that sum. Rungs without a time count as
// zero. With a cycle there is no such path.
func (g *Graph) LongestStop() (path []int, total time.Duration) {
	if g.Cycle != nil {
		return nil, 0
	}
	best := make([]time.Duration, len(g.specs)) // of the paths that begin with each
	at := -1
	for i, below := range g.NeedBelow(func(int) bool { return true }) {
		best[i] = below.Fixed + g.specs[i].StopNeed().Fixed
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

// ReadyBy returns the latest moment at which the services are ready or their start has
// failed, if none is restarted. unlimited names the services without a limit, which count
// as zero. Only for plans without a cycle.
func (g *Graph) ReadyBy() (by time.Duration, unlimited []string) {
	at := make([]time.Duration, len(g.specs))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			at[i] = max(at[i], at[j])
		}
		at[i] += g.specs[i].startTime()
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
