package pid1

import (
	"fmt"
	"slices"
	"time"

	"sexton/service"
)

// planned is a reload of a life, and when it comes after the one before it.
type planned struct {
	after time.Duration
	plan  service.Plan
}

// inventReloads invents the plans that a life is given while it lives, each out of the one
// before. Most lives have none.
func (l *life) inventReloads() (all []planned) {
	if l.oneCommand || l.chance(0.6) {
		return nil
	}
	plan, edition := l.plan, uint32(0)
	known := slices.Clone(plan.Services)
	for range 1 + l.dice.IntN(4) {
		plan = l.inventReload(plan, &known, &edition)
		all = append(all, planned{l.pick(0, time.Millisecond, 50*time.Millisecond, 500*time.Millisecond, 3*time.Second), plan})
	}
	return all
}

// inventReload changes a plan: some services go, some change, some come back as they were,
// and some are new. known are all that there ever were, as they were last.
func (l *life) inventReload(old service.Plan, known *[]service.Spec, edition *uint32) service.Plan {
	plan := service.Plan{Init: old.Init}
	var names []string
	var changed []int
	for i := range *known {
		spec := &(*known)[i]
		was := slices.ContainsFunc(old.Services, func(s service.Spec) bool { return s.Name == spec.Name })
		if was && l.chance(0.2) || !was && l.chance(0.6) {
			continue
		}
		switch {
		case l.chance(0.3):
			*edition++
			*spec = l.inventService(i)
			spec.Edition = *edition
			changed = append(changed, len(plan.Services))
		case l.chance(0.3): // what needs no other run
			other := l.inventService(i)
			spec.Stop, spec.Restart, spec.Backoff, spec.GiveUp, spec.ShutdownOn = other.Stop, other.Restart, other.Backoff, other.GiveUp, other.ShutdownOn
			if spec.OneShot && spec.Restart == service.Always {
				spec.Restart = service.Never
			}
			changed = append(changed, len(plan.Services))
		}
		plan.Services, names = append(plan.Services, *spec), append(names, spec.Name)
	}
	if l.chance(0.4) {
		*edition++
		spec := l.inventService(len(*known))
		spec.Edition = *edition
		*known = append(*known, spec)
		plan.Services, names = append(plan.Services, spec), append(names, spec.Name)
	}
	l.link(plan.Services, names, changed)
	if !slices.Contains(names, plan.Init.Main) {
		plan.Init.Main = ""
	}
	return plan
}

// link gives the services that have changed other needs, in any direction, and leaves out
// what is not there and what makes a circle.
func (l *life) link(services []service.Spec, names []string, changed []int) {
	absent := func(name string) bool { return !slices.Contains(names, name) }
	for i := range services {
		s := &services[i]
		s.Needs = slices.DeleteFunc(slices.Clone(s.Needs), absent)
		s.Wants = slices.DeleteFunc(slices.Clone(s.Wants), absent)
	}
	for _, i := range changed {
		before := services[i]
		if l.chance(0.5) {
			s := &services[i]
			*[...]*[]string{&s.Needs, &s.Wants, &s.After}[l.dice.IntN(3)] = []string{fmt.Sprintf("s%d", l.dice.IntN(len(names)))}
			s.Needs, s.Wants = slices.DeleteFunc(s.Needs, absent), slices.DeleteFunc(s.Wants, absent)
		}
		if service.NewGraph(services).Cycle != nil {
			services[i] = before
		}
	}
	for i := range services {
		if service.NewGraph(services).Cycle != nil { // what had been left out before closes one
			services[i].Needs, services[i].Wants, services[i].After = nil, nil, nil
		}
	}
}

// reload hands the plans to the loop.
func (l *life) reload(over <-chan struct{}) {
	for _, next := range l.reloads {
		select {
		case <-over:
			return
		case <-time.After(next.after):
			if len(next.plan.Services) > 0 { // files change now and then, before and after a start
				l.pid1.FilesChanged(next.plan.Services[0].Name, "a file", next.after > time.Second, time.Now().Add(-next.after/2))
			}
			l.pid1.Reload(next.plan)
		}
	}
}
