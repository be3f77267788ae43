package service

import "slices"

// Graph is the order that needs, wants and after put on a plan's services.
// Services are named by their index in Plan.Services. A name that is not in the
// plan adds nothing: config rejects it in needs and wants, and after allows it.
type Graph struct {
	// Before has for each service those that start before it and stop after it,
	// sorted and without duplicates.
	Before [][]int
	// Behind is the reverse of Before: those that start after it.
	Behind [][]int
	// Order is a topological order: every service comes after all of its Before,
	// otherwise in the order of the file. It is shorter than the plan if there is a
	// cycle.
	Order []int
	// Cycle is one cycle as a path whose last element is its first, or nil.
	Cycle []int

	specs []Spec
}

// NewGraph computes the order of specs. leaving are specs that are not in the plan any more,
// and still run. They stand behind the others, and none of these sees them by its names.
func NewGraph(specs []Spec, leaving ...Spec) *Graph {
	planned := len(specs)
	specs = append(specs[:planned:planned], leaving...)
	g := &Graph{
		Before: make([][]int, len(specs)),
		Behind: make([][]int, len(specs)),
		specs:  specs,
	}
	index := make(map[string]int, len(specs))
	for i := range specs { // a copy of a spec would be a kilobyte
		index[specs[i].Name] = i
	}
	for i := range specs {
		spec := &specs[i]
		for _, names := range [][]string{spec.Needs, spec.Wants, spec.After} {
			for _, name := range names {
				if j, ok := index[name]; ok && (j < planned || i >= planned) {
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

// sort fills Order, and Cycle if not everything can be ordered. It takes services in
// the order of the file, each as soon as everything before it has been taken (Kahn's
// algorithm, one level at a time).
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

// findCycle walks from a service that could not be ordered to another such service
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

// StartLevels groups the services by when they may start: level 0 waits for no
// service, level N for at least one of level N-1. Only for plans without a cycle.
func (g *Graph) StartLevels() [][]int { return levels(g.Order, g.Before) }

// StopLevels groups the services by when they may be stopped: nothing starts
// after level 0.
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
