package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// startRows are the keys that say what starts a service, besides needs, wants and after.
func startRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "start", expects: "a word", example: `start = "manual"`, read: func(r *reader, v *value, s *service.Spec) {
			if i, ok := r.word(v, []string{"boot", "manual"}); ok {
				s.Start = service.Start(i)
			}
		}},
		{name: "restart_with", expects: "a list of services", example: `restart_with = ["db"]`, others: "part_of",
			read: func(r *reader, v *value, s *service.Spec) { r.services(v, &s.RestartWith) }},
	}
}

// checkStarts reports services that would restart each other for ever, a main service that nothing starts, and remarks on services that wait for one
// that is started by hand.
func (r *reader) checkStarts(d *draft) {
	specs, some := make([]service.Spec, len(d.services)), false
	manual := make(map[string]bool)
	for i, s := range d.services {
		specs[i] = service.Spec{Name: s.spec.Name, After: slices.DeleteFunc(slices.Clone(s.spec.RestartWith), func(name string) bool { return name == s.spec.Name })}
		some = some || len(specs[i].After) > 0
		if s.spec.Start == service.Manually {
			manual[s.spec.Name] = true
		}
	}
	if some {
		r.checkRestartCycle(d, specs)
	}
	if len(manual) == 0 {
		return
	}
	if main := d.find(d.init.Main); main != nil && manual[d.init.Main] && main.table != nil {
		r.wrong(main.table.child("start"), "it is [init] main, and the container runs for it", "remove it, or name another service in main")
	}
	for _, s := range d.services {
		for _, item := range s.items("needs") {
			if name := item.data.(string); manual[name] && s.spec.Start == service.AtBoot {
				r.note(item, fmt.Sprintf("%s is started by hand, so this service waits until somebody starts it", name), `write start = "manual" here too, or remove it there`)
			}
		}
	}
}

// checkRestartCycle reports one circle of services that are restarted with each other.
func (r *reader) checkRestartCycle(d *draft, specs []service.Spec) {
	cycle := service.NewGraph(specs).Cycle
	if cycle == nil {
		return
	}
	first := d.services[slices.Min(cycle)]
	var path []string
	at := slices.Index(cycle, slices.Min(cycle))
	for i := range len(cycle) {
		path = append(path, specs[cycle[(at+i)%(len(cycle)-1)]].Name)
	}
	r.wrong(first.table.child("restart_with"), "these services would restart each other for ever: "+strings.Join(path, " -> "), "remove one name from restart_with")
}
