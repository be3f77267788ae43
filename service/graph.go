package service

import (
	"slices"
	"time"
)

// Graph is the order that needs, wants and after put on a plan's services.
// Services are named by their index in Plan.Services. A name that is not in the
// plan makes no edge: config refuses it in needs and wants, and after allows it.
type Graph struct {
	// Before holds for each service the ones that it starts after and that
	// stop after it, sorted and without repetition.
	Before [][]int
	// Behind is Before turned round: who starts after this one.
	Behind [][]int
	// Order is a topological order, every service behind all of its Before;
	// among equals the order of the file. It is shorter than the plan when
	// there is a cycle.
	Order []int
	// Cycle is one cycle as a path whose last element is its first; nil
	// when there is none.
	Cycle []int

	specs []Spec
}

// NewGraph computes the order of specs.
func NewGraph(specs []Spec) *Graph {
	g := &Graph{
		Before: make([][]int, len(specs)),
		Behind: make([][]int, len(specs)),
		specs:  specs,
	}
	index := make(map[string]int, len(specs))
	for i, spec := range specs {
		index[spec.Name] = i
	}
	for i, spec := range specs {
		for _, names := range [][]string{spec.Needs, spec.Wants, spec.After} {
			for _, name := range names {
				if j, ok := index[name]; ok {
					g.Before[i] = append(g.Before[i], j)
				}
			}
		}
		slices.Sort(g.Before[i])
		g.Before[i] = slices.Compact(g.Before[i])
		for _, j := range g.Before[i] {
			g.Behind[j] = append(g.Behind[j], i)
		}
	}
	g.sort()
	return g
}

// sort fills Order, and Cycle where not everything could be ordered. It takes
// services in the order of the file whenever all that stands before them has
// been taken (Kahn's algorithm, one level at a time).
func (g *Graph) sort() {
	missing := make([]int, len(g.Before))
	var ready []int
	for i, before := range g.Before {
		if missing[i] = len(before); missing[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		g.Order = append(g.Order, ready...)
		var next []int
		for _, i := range ready {
			for _, j := range g.Behind[i] {
				if missing[j]--; missing[j] == 0 {
					next = append(next, j)
				}
			}
		}
		slices.Sort(next)
		ready = next
	}
	if len(g.Order) < len(g.Before) {
		g.Cycle = g.findCycle(missing)
	}
}

// findCycle walks from a service that could not be ordered to another such one
// before it, until it meets one twice.
func (g *Graph) findCycle(missing []int) []int {
	at := slices.IndexFunc(missing, func(n int) bool { return n > 0 })
	var path []int
	for {
		if first := slices.Index(path, at); first >= 0 {
			return append(path[first:], at)
		}
		path = append(path, at)
		for _, j := range g.Before[at] {
			if missing[j] > 0 {
				at = j
				break
			}
		}
	}
}

// StartLevels groups the services by when they may start: level 0 waits for
// nobody, level N for at least one of level N-1. Only for plans without a cycle.
func (g *Graph) StartLevels() [][]int { return levels(g.Order, g.Before) }

// StopLevels groups the services by when they may be stopped: level 0 has
// nobody behind it.
func (g *Graph) StopLevels() [][]int {
	order := slices.Clone(g.Order)
	slices.Reverse(order)
	return levels(order, g.Behind)
}

func levels(order []int, before [][]int) [][]int {
	level := make([]int, len(before))
	var out [][]int
	for _, i := range order {
		for _, j := range before[i] {
			level[i] = max(level[i], level[j]+1)
		}
		if level[i] == len(out) {
			out = append(out, nil)
		}
		out[level[i]] = append(out[level[i]], i)
	}
	for _, members := range out {
		slices.Sort(members)
	}
	return out
}

// Reserve is what a shutdown keeps back of its grace for the last KILL, for
// reaping and for writing out what is left of the output: a tenth of it, never
// more than a second, and not less than what the kernel may need to end a loaded container:
// 150 ms, or a quarter of a grace that has not got that much.
func Reserve(grace time.Duration) time.Duration {
	return min(max(grace/10, min(150*time.Millisecond, grace/4)), time.Second)
}

// Ladder is the time that a service's stop ladder asks for: the sum of the
// rungs with a time of their own, and how many leave it to us. A rung of KILL
// takes no time.
func (s *Spec) Ladder() (fixed time.Duration, open int) {
	for _, rung := range s.Stop {
		switch {
		case rung.For > 0:
			fixed += rung.For
		case !rung.Kills():
			open++
		}
	}
	return fixed, open
}

// Kills tells whether the rung is the end of any ladder.
func (r Rung) Kills() bool { return r.Signal == 9 }

// LongestStop is the path of services, in the order in which they stop, whose
// ladders have the largest sum of fixed times, with that sum. Rungs without a
// time count as nothing. With a cycle there is no such path.
func (g *Graph) LongestStop() (path []int, total time.Duration) {
	if g.Cycle != nil {
		return nil, 0
	}
	best := g.below(func(i int) time.Duration { fixed, _ := g.specs[i].Ladder(); return fixed })
	at := -1
	for i := range best {
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

// below is the largest sum of weight from each service down any path of Before.
func (g *Graph) below(weight func(int) time.Duration) []time.Duration {
	sum := make([]time.Duration, len(g.Before))
	for _, i := range g.Order {
		for _, j := range g.Before[i] {
			sum[i] = max(sum[i], sum[j])
		}
		sum[i] += weight(i)
	}
	return sum
}
