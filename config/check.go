package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

// check reports what must hold between services and does not. It changes nothing in the draft.
func (r *reader) check(d *draft) {
	ours := slices.ContainsFunc(d.services, func(s *draftService) bool { return !s.spec.External })
	switch {
	case ours || d.strange || len(r.mistakes) > 0:
	case len(d.services) > 0:
		r.wrongKey(d.services[0].table, "every service is external, so there is nothing to start", "add a service that has a command")
	case len(d.disabled) > 0:
		r.add(&Mistake{File: r.file.name, Text: "every service is disabled, so there is nothing to start", Mend: "enable one"})
	case d.table.empty():
		r.add(&Mistake{File: r.file.name, Text: "there is no service",
			Mend: `add, for example, [service.web] and under it command = ["nginx", "-g", "daemon off;"]`})
	}
	r.checkGroups(d)
	r.checkReplicas(d)
	r.checkNames(d)
	r.checkPipelines(d)
	r.checkSchedules(d)
	r.checkWatchdogs(d)
	r.checkCycles(d)
	r.checkStarts(d)
	r.checkLogs(d)
	r.checkTerminals(d)
	r.checkStdinOfTerminal(d)
	r.checkLadders(d)
	r.checkSignals(d)
	r.remark(d)
}

// relation is one of the three keys that put services into an order.
type relation struct {
	key   string
	names func(*service.Spec) *[]string
}

func relations() []relation {
	return []relation{
		{"needs", func(s *service.Spec) *[]string { return &s.Needs }},
		{"wants", func(s *service.Spec) *[]string { return &s.Wants }},
		{"after", func(s *service.Spec) *[]string { return &s.After }},
	}
}

// namings are all keys that name other services.
func namings() []relation {
	return append(relations(), relation{"restart_with", func(s *service.Spec) *[]string { return &s.RestartWith }})
}

// checkNames reports names that no service has, and services that name
// themselves. A name in after may be missing; that is a remark.
func (r *reader) checkNames(d *draft) {
	names := d.names()
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, s := range d.services {
		for _, relation := range namings() {
			for _, item := range s.items(relation.key) {
				name := item.data.(string)
				switch {
				case item.byDefault && d.stands(name, s.spec.Name): // [defaults] does not apply to the services that it names
				case d.groups[name] != nil && d.groups[name].replicas && d.stands(name, s.spec.Name):
					r.wrong(item, "a service cannot wait for itself, and this name stands for all its replicas", "remove it from "+relation.key)
				case d.groups[name] != nil && d.stands(name, s.spec.Name):
					r.wrong(item, "the group contains this service, and a service cannot wait for itself", "name the other services of the group")
				case d.groups[name] != nil:
				case d.disabled[name] != nil && relation.key != "needs":
				case name == s.spec.Name && relation.key == "restart_with":
					r.wrong(item, "a service cannot be restarted with itself", "remove it from "+relation.key)
				case name == s.spec.Name:
					r.wrong(item, "a service cannot wait for itself", "remove it from "+relation.key)
				case known[name]:
				case relation.key == "after" && len(r.notes) == maxMistakes:
				case relation.key != "after" && r.full():
					r.dropped++
				case relation.key == "after":
					r.note(item, fmt.Sprintf("no service is called %q, so this has no effect", name), suggestion(name, names))
				case d.disabled[name] != nil:
					r.wrong(item, fmt.Sprintf("the service %q is disabled %s, so this one would never start", name, d.disabled[name].where(item)), "enable it, or write it in wants")
				default:
					r.wrong(item, fmt.Sprintf("no service is called %q", name), suggestion(name, names))
				}
			}
		}
	}
}

// items are the names in one of a service's lists, as written in the file.
func (s *draftService) items(key string) []*value {
	v := s.table.child(key)
	if v == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.items), func(item *value) bool {
		_, ok := item.data.(string)
		return !ok || item.unknown
	})
}

// checkCycles reports services that wait for each other. It removes each cycle
// from the graph before it looks for the next one, so it reports all separate
// cycles. A service that waits for itself is not among them.
func (r *reader) checkCycles(d *draft) {
	specs := make([]service.Spec, len(d.services))
	for i, s := range d.services {
		specs[i] = service.Spec{Name: s.spec.Name}
		for _, relation := range relations() {
			for _, name := range *relation.names(&s.spec) {
				if name != s.spec.Name {
					specs[i].After = append(specs[i].After, name)
				}
			}
		}
	}
	const mostWork = 500_000 // services looked at: with ten thousand of them, fifty cycles are enough to mend at a time
	for work := 0; work < mostWork; work += len(specs) {
		cycle := service.NewGraph(specs).Cycle
		if cycle == nil || r.full() {
			return
		}
		members := cycle[:len(cycle)-1]
		r.wrongCycle(d, members)
		inside := make(map[string]bool, len(members))
		for _, i := range members {
			inside[specs[i].Name] = true
		}
		for _, i := range members {
			specs[i].After = slices.DeleteFunc(specs[i].After, func(name string) bool { return inside[name] })
		}
	}
}

// wrongCycle reports a cycle where the first of its services in the file names
// the next one.
func (r *reader) wrongCycle(d *draft, members []int) {
	first := slices.Index(members, slices.Min(members))
	members = slices.Concat(members[first:], members[:first+1])
	path, places := make([]string, len(members)), ""
	for i, member := range members {
		path[i] = d.services[member].spec.Name
		if i > 0 {
			places += d.services[member].table.elsewhere(d.services[members[0]].table)
		}
	}
	for _, relation := range relations() {
		for _, item := range d.services[members[0]].items(relation.key) {
			if d.stands(item.data.(string), path[1]) {
				r.wrong(item, "these services wait for each other: "+strings.Join(path, " -> ")+places,
					"remove one name from needs, wants or after on this path")
				return
			}
		}
	}
	if from := d.find(path[1]).table.child("stdin_from"); from != nil { // the writer waits for its reader
		r.wrong(from, "these services wait for each other: "+strings.Join(path, " -> ")+places+"; a writer starts after its reader",
			"remove one name from needs, wants or after on this path")
	}
}

// checkLadders reports ladders that need more time than a shutdown has: a single
// one, or the longest path of services that stop one after the other.
func (r *reader) checkLadders(d *draft) {
	if d.graceWrong {
		return
	}
	have := d.init.Grace - service.Reserve(d.init.Grace)
	budget := fmt.Sprintf("a grace of %s%s leaves %s", brief(d.init.Grace), d.graceFrom, brief(have))
	if drain := d.init.Drain.Max; drain >= have {
		r.wrong(d.inits.child("drain"), fmt.Sprintf("the drain takes %s, but %s", brief(drain), budget), d.longer(drain+time.Second))
		return
	} else if drain > 0 {
		have -= drain
		budget = fmt.Sprintf("a grace of %s%s leaves %s after the drain", brief(d.init.Grace), d.graceFrom, brief(have))
	}
	good := true
	specs := d.specs()
	for _, s := range d.services {
		if fixed := s.spec.StopNeed().Fixed; fixed > have {
			good = false
			r.wrong(s.stopKey(), fmt.Sprintf("%s %s, but %s", s.ladderWords(), brief(fixed), budget), d.longer(d.init.Drain.Max+fixed))
		}
	}
	graph := service.NewGraph(specs)
	if !good || graph.Cycle != nil { // a path around a cycle has no end
		return
	}
	path, total := graph.LongestStop()
	if total <= have {
		r.noteNoTime(d, graph, have)
		return
	}
	var at *value
	var names []string
	for _, i := range path {
		names = append(names, specs[i].Name)
		if at == nil && specs[i].StopNeed().Fixed > 0 {
			at = d.services[i].stopKey()
		}
	}
	r.wrong(at, fmt.Sprintf("stopping %s one after the other takes %s, but %s: %s too much", strings.Join(names, ", then "),
		brief(total), budget, brief(total-have)), d.longer(d.init.Drain.Max+total))
}

// leastShare is the least time in which a service can end in good order.
const leastShare = 100 * time.Millisecond

// noteNoTime remarks on services whose ladder has a rung without a time, if the
// fixed times of other services leave almost nothing for it.
func (r *reader) noteNoTime(d *draft, graph *service.Graph, have time.Duration) {
	by := graph.StopBy(have)
	for i, s := range d.services {
		var start time.Duration
		for _, j := range graph.Behind[i] {
			start = max(start, by[j])
		}
		own := s.spec.StopNeed()
		if share := by[i] - start - own.Fixed; own.Open == 0 || share >= leastShare || have < leastShare*time.Duration(10*len(d.services)) {
			continue
		} else if at := s.table; at != nil {
			if stop := at.child("stop"); stop != nil {
				at = stop
			}
			r.note(at, fmt.Sprintf("if the services that stop before it use all of their time, it has %s to end before it is killed", brief(max(0, share))),
				"raise grace, or shorten the stop ladders of the services that stop before it")
		}
	}
}

// longer is the mend for ladders that together need this much time.
func (d *draft) longer(total time.Duration) string {
	// The inverse of service.Reserve, to the next tenth of a second where it is short.
	grace := max(min(total*4/3, total+150*time.Millisecond), min(total*10/9, total+time.Second))
	if grace < 10*time.Second {
		grace = (grace + leastGrace - 1).Truncate(leastGrace)
	}
	switch {
	case grace > mostGrace:
		return "shorten it"
	case strings.Contains(d.graceFrom, graceVariable):
		return fmt.Sprintf("shorten it, or set %s=%s", graceVariable, brief(grace))
	}
	return fmt.Sprintf("shorten it, or set grace = %q in [init]", brief(grace))
}
