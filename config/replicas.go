package config

import (
	"fmt"
	"strconv"
)

// A service with the key replicas is several services of one table: web@1, web@2 and so on. Its name stands for all
// of them, as a group's does.

const (
	mostReplicas = 1000
	mostServices = 20_000
)

// replicas is how many there are of a service; 0 if its table does not say. The names in the value are ours: the service's
// own environment depends on the replica.
func (r *reader) replicas(table *value) int {
	v := table.child("replicas")
	if v == nil {
		return 0
	}
	if r.replicated == nil {
		r.replicated = make(map[string]bool)
	}
	r.replicated[table.name] = true
	n := 1
	text, isText := v.data.(string)
	if c := *v; isText {
		if v = r.expandedText(&c, text, &scope{}); v.unknown {
			return n
		}
	}
	v.expects, v.example = "an integer", `replicas = "${SEXTON_CPUS}"`
	r.whole(v, 1, mostReplicas, &n)
	if other := r.options.Replicas[table.name]; other > 0 {
		n = min(other, mostReplicas)
	}
	return n
}

// tooMany tells whether so many more services are too many, and reports it once.
func (r *reader) tooMany(v *value, more int, d *draft) bool {
	if len(d.services)+more <= mostServices {
		return false
	}
	if !d.tooMany {
		d.tooMany = true
		r.wrongKey(v, fmt.Sprintf("with this one there are more than %d services", mostServices), "lower replicas, or remove some")
	}
	return true
}

// replicate reads the replicas of a service, and makes its name that of a group.
func (r *reader) replicate(v *value, n int, d *draft) {
	g := &draftGroup{name: v.name, table: v, replicas: true}
	for i := range n {
		name := fmt.Sprintf("%s@%d", v.name, i+1)
		if len(name) > maxNameBytes {
			r.wrongKey(v, fmt.Sprintf("the name of a replica, %s, has more than %d bytes", name, maxNameBytes), "choose a shorter one")
			return
		}
		before := len(d.services)
		r.oneService(v, name, map[string]string{"REPLICA": strconv.Itoa(i + 1), "REPLICA0": strconv.Itoa(i), "REPLICAS": strconv.Itoa(n)}, d)
		if len(d.services) > before {
			g.members = append(g.members, name)
		}
	}
	if len(g.members) > 0 { // it is not disabled
		d.replicas = append(d.replicas, g)
	}
}

// fillReplicas makes the names of services with replicas known as groups.
func (d *draft) fillReplicas() {
	for _, g := range d.replicas {
		if d.groups == nil {
			d.groups = make(map[string]*draftGroup)
		}
		if d.groups[g.name] == nil { // otherwise see checkReplicas
			d.groups[g.name] = g
		}
	}
}

// checkReplicas reports names that mean two things.
func (r *reader) checkReplicas(d *draft) {
	if len(d.replicas) == 0 {
		return
	}
	first := make(map[string]*draftService, len(d.services))
	for _, s := range d.services {
		other := first[s.spec.Name]
		if first[s.spec.Name] = s; other == nil {
			continue
		}
		if other.table != nil && other.table.name != s.spec.Name { // the replica
			s, other = other, s
		}
		r.wrongKey(other.table, fmt.Sprintf("a replica of %q has this name, %s", s.table.name, s.table.where(other.table)), "rename one of the two")
	}
	for _, g := range d.replicas {
		if d.groups[g.name] != g {
			r.wrongKey(d.groups[g.name].table, fmt.Sprintf("a service has this name already, %s", g.table.where(d.groups[g.name].table)), "rename one of the two")
		}
	}
}
