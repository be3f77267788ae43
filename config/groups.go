package config

import (
	"fmt"
	"slices"

	"sexton/service"
)

// draftGroup is one [group.NAME] in the making.
type draftGroup struct {
	name     string
	table    *value
	done     bool     // members are known
	items    []*value // its names, as they stand in the file
	replicas bool     // it is a service with replicas, which are its members
	members  []string // the services in it and in the groups in it, without those that are disabled; see fillGroups
}

// group reads one [group.NAME] table.
func (r *reader) group(v *value, d *draft) {
	if fault := nameFault(v.name); fault != "" {
		r.wrongKey(v, fault, "rename the group")
	}
	v.expects, v.example = "a table", "[group.backend]"
	if !r.table(v) {
		return
	}
	g := &draftGroup{name: v.name, table: v}
	walk(r, v, []row[*draftGroup]{
		{name: "services", expects: "a list of services", example: `services = ["db", "migrate"]`, others: "members programs",
			read: func(r *reader, v *value, g *draftGroup) {
				var names []string
				r.services(v, &names)
				g.items = stringItems(v)
				if len(v.items) == 0 && v.data != nil {
					r.wrong(v, "a group needs a service", "name one, or remove the group")
				}
			}},
	}, g)
	if v.child("services") == nil {
		r.wrongKey(v, "services is missing", `add, for example, services = ["db", "migrate"]`)
	}
	if d.groups == nil {
		d.groups = make(map[string]*draftGroup)
	}
	d.groups[v.name] = g
	d.groupOrder = append(d.groupOrder, g)
}

// stringItems are the items of a list that are strings.
func stringItems(v *value) (items []*value) {
	for _, item := range v.items {
		if _, ok := item.data.(string); ok && !item.isUnknown() {
			items = append(items, item)
		}
	}
	return items
}

// fillGroups finds the services of each group, and puts them in the place of its name
// wherever a service's name can be. What names a disabled service loses the name.
func (d *draft) fillGroups() {
	if d.groups == nil && d.disabled == nil && d.defaults == nil {
		return
	}
	services := make(map[string]bool, len(d.services))
	for _, s := range d.services {
		services[s.spec.Name] = true
	}
	for _, g := range d.groupOrder {
		g.members = d.membersOf(g, services, map[*draftGroup]bool{})
	}
	for _, s := range d.services {
		for _, relation := range namings() {
			names := relation.names(&s.spec)
			byDefault := s.table.child(relation.key)
			*names = d.expandNames(*names, s.spec.Name, byDefault != nil && byDefault.byDefault)
		}
	}
	for i := range d.rules {
		d.rules[i].fillGroups(d)
	}
}

// membersOf are the services in a group. A group that contains itself adds nothing there.
func (d *draft) membersOf(g *draftGroup, services map[string]bool, seen map[*draftGroup]bool) (members []string) {
	if seen[g] {
		return nil
	}
	if g.replicas || g.done {
		return g.members
	}
	seen[g] = true
	for _, item := range g.items {
		switch name := item.data.(string); {
		case d.groups[name] != nil:
			members = append(members, d.membersOf(d.groups[name], services, seen)...)
		case services[name]:
			members = append(members, name)
		}
	}
	slices.Sort(members)
	g.members, g.done = slices.Compact(members), true
	if d.links += len(g.members); d.links > mostLinks {
		g.members = nil
	}
	return g.members
}

// expandNames is a list of services with the members of groups in the place of the groups. If the
// list is a default, it does not apply to the services that it names.
func (d *draft) expandNames(names []string, self string, byDefault bool) []string {
	if !slices.ContainsFunc(names, func(name string) bool {
		return d.groups[name] != nil || d.disabled[name] != nil || byDefault && name == self
	}) {
		return names
	}
	var out []string
	seen := make(map[string]bool)
	for _, name := range names {
		some := []string{name}
		if g := d.groups[name]; g != nil {
			some = g.members
		} else if d.disabled[name] != nil {
			some = nil
		}
		if slices.Contains(some, self) && byDefault {
			continue
		}
		for _, name := range some {
			if !seen[name] && d.links <= mostLinks {
				seen[name] = true
				out = append(out, name)
				d.links++
			}
		}
	}
	return out
}

// fillGroups does the same for what a signal is sent to. A rule for disabled services alone
// does nothing.
func (rule *draftRule) fillGroups(d *draft) {
	if len(rule.rule.To) == 0 {
		return
	}
	rule.rule.To = slices.DeleteFunc(d.expandNames(rule.rule.To, "", false), func(name string) bool {
		s := d.find(name)
		return s != nil && s.spec.External
	})
	if len(rule.rule.To) == 0 {
		rule.rule = service.Rule{Verb: service.VerbIgnore}
	}
}

// mostLinks bounds the names in all groups, and in what services wait for, when each group stands for its services. Ten thousand services
// that all wait for each of ten thousand others would be a hundred million.
const mostLinks = 1_000_000

// checkGroups reports groups that share a name with a service, contain what there is not, or have no service that is enabled.
func (r *reader) checkGroups(d *draft) {
	if d.links > mostLinks {
		r.add(&Mistake{File: r.file.name, Text: fmt.Sprintf("the groups, and what services wait for, are more than %d names", mostLinks), Mend: "wait for one service of a group, or split the groups"})
	}
	circles := d.circles()
	for _, g := range d.groupOrder {
		if s := d.find(g.name); s != nil && s.table != nil {
			r.wrongKey(g.table, fmt.Sprintf("a service has this name already, %s", s.table.where(g.table)), "rename one of the two")
			continue
		}
		good := true
		for _, item := range g.items {
			name := item.data.(string)
			switch {
			case d.groups[name] != nil && (d.groups[name] == g || circles[d.groups[name]] != 0 && circles[d.groups[name]] == circles[g]):
				r.wrong(item, "the group would contain itself", "remove it")
			case d.groups[name] != nil || d.disabled[name] != nil || d.find(name) != nil:
				continue
			default:
				r.wrong(item, fmt.Sprintf("no service is called %q", name), suggestion(name, d.names()))
			}
			good = false
		}
		if good && len(g.items) > 0 && len(g.members) == 0 && d.links <= mostLinks {
			r.wrongKey(g.table, "every service of this group is disabled", "enable one, or take the group back")
		}
	}
}

// circles numbers the groups that contain each other, directly or not: those of one circle have the same number, from 1.
// (Tarjan's strongly connected components.)
func (d *draft) circles() map[*draftGroup]int {
	index, low, circle := make(map[*draftGroup]int), make(map[*draftGroup]int), make(map[*draftGroup]int)
	var open []*draftGroup
	var visit func(g *draftGroup)
	visit = func(g *draftGroup) {
		index[g] = len(index) + 1
		low[g], open = index[g], append(open, g)
		for _, item := range g.items {
			next := d.groups[item.data.(string)]
			switch {
			case next == nil:
			case index[next] == 0:
				visit(next)
				low[g] = min(low[g], low[next])
			case circle[next] == 0:
				low[g] = min(low[g], index[next])
			}
		}
		if low[g] == index[g] {
			for last := (*draftGroup)(nil); last != g; {
				last, open = open[len(open)-1], open[:len(open)-1]
				circle[last] = index[g]
			}
		}
	}
	for _, g := range d.groupOrder {
		if index[g] == 0 {
			visit(g)
		}
	}
	return circle
}

// stands tells whether a name in the file means a service, itself or in a group.
func (d *draft) stands(name, service string) bool {
	return name == service || d.groups[name] != nil && slices.Contains(d.groups[name].members, service)
}
