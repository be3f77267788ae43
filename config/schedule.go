package config

import (
	"fmt"
	"strings"
	"time"

	"sexton/cron"
	"sexton/service"
)

// scheduled sets the defaults of a service with a schedule, whose runs are those of a oneshot.
func (r *reader) scheduled(v *value, s *service.Spec) {
	if v.child("schedule") != nil {
		s.OneShot, s.ShutdownOn = true, service.NoShutdown
	}
}

// schedule reads when a service runs: five fields, or a table.
func (r *reader) schedule(v *value, s *service.Spec) {
	at := &v
	var into service.Schedule
	if _, ok := v.data.(map[string]any); ok {
		walk(r, v, scheduleRows(&into), s)
		cron := v.child("cron")
		if cron == nil {
			r.wrong(v, "it does not say when", `add cron = "*/5 * * * *", for example`)
			return
		}
		at = &cron
	}
	text, ok := r.text(*at)
	if !ok {
		return
	}
	parsed, err := cron.Parse(text)
	switch {
	case err != nil:
		r.wrong(*at, err.Error(), `right are "*/5 * * * *", "@daily" and "@every 30s"`)
		return
	case parsed.Reboot():
		return // an ordinary oneshot, once at our start
	case parsed.TwoReadings():
		r.note(*at, fmt.Sprintf("%q wants the day of the month and the day of the week, as in Debian's cron, because one of them begins with *; other programs want one of the two", parsed), "write a range such as 1-31/2 instead of */2 for one of the two")
	case parsed.Every() > 0 && into.Zone != "":
		r.wrong(v.child("zone"), "an interval has no time zone", "remove zone")
	}
	if into.Zone == "" {
		into.Zone = zoneOf(s.Env)
	}
	into.Cron = parsed.String()
	s.Schedule = into
	if zone := v.child("zone"); r.options.Zone != nil && parsed.Every() == 0 {
		if zone == nil {
			zone = *at
		}
		if err := r.options.Zone(into.Zone); err != nil {
			r.atStart(zone, err.Error(), zoneMend)
		}
	}
}

const zoneMend = `use a name of the time zone database, such as "Europe/Berlin"; the image needs its files (Debian's package tzdata, or a copy of /usr/share/zoneinfo)`

// atStart reports what stands in the way of a start: a mistake when we run, and otherwise a
// remark, since the image may not be complete yet.
func (r *reader) atStart(v *value, text, mend string) {
	if r.options.Running {
		r.wrong(v, text, mend)
	} else {
		r.note(v, text, mend)
	}
}

// zoneOf is the time zone that an environment names (tzset(3)); "": none.
func zoneOf(env []string) (zone string) {
	for _, entry := range env {
		if name, found := strings.CutPrefix(entry, "TZ="); found {
			zone = strings.TrimPrefix(name, ":")
		}
	}
	return zone
}

// scheduleRows are the keys of schedule = { ... }.
func scheduleRows(into *service.Schedule) []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "cron", expects: "a string of five fields", example: `cron = "*/5 * * * *"`, others: "when at on_calendar",
			read: func(*reader, *value, *service.Spec) {}}, // schedule reads it
		{name: "zone", expects: "the name of a time zone", example: `zone = "Europe/Berlin"`, others: "tz time_zone timezone cron_tz",
			read: func(r *reader, v *value, _ *service.Spec) { into.Zone, _ = r.text(v) }},
		{name: "jitter", expects: "a duration", example: `jitter = "30s"`, others: "random_delay randomized_delay_sec",
			read: func(r *reader, v *value, _ *service.Spec) { r.duration(v, 0, 24*time.Hour, &into.Jitter) }},
		{name: "on_overlap", expects: "a word", example: `on_overlap = "skip"`, others: "overlap concurrency_policy",
			read: func(r *reader, v *value, _ *service.Spec) {
				switch v.data { // Kubernetes' words
				case "Forbid", "forbid":
					r.wrong(v, `"Forbid" is not a valid value for on_overlap`, `write "skip"`)
					return
				case "Replace", "replace":
					r.wrong(v, `"Replace" is not a valid value for on_overlap`, `write "kill"`)
					return
				case "Allow", "allow":
					r.wrong(v, `"Allow" is not a valid value for on_overlap: a service runs once at a time`, `write "skip" or "queue"`)
					return
				}
				if i, ok := r.word(v, []string{"skip", "queue", "kill"}); ok {
					into.Overlap = service.Overlap(i)
				}
			}},
	}
}

// checkSchedules reports what a service with a schedule cannot be.
func (r *reader) checkSchedules(d *draft) {
	byName := make(map[string]*draftService, len(d.services))
	some := false
	for _, s := range d.services {
		byName[s.spec.Name] = s
		some = some || s.spec.Scheduled()
	}
	if !some {
		return
	}
	if main := byName[d.init.Main]; main != nil && main.spec.Scheduled() {
		r.wrong(main.table.child("schedule"), fmt.Sprintf("%s is [init] main, whose end ends the container, but a schedule runs again and again", main.spec.Name), "name another service in main, or remove schedule")
	}
	for _, s := range d.services {
		if s.spec.Scheduled() && !s.spec.OneShot {
			r.wrong(s.table.child("oneshot"), "a run of a schedule is always that of a oneshot", "remove oneshot")
		}
		for _, relation := range relations() {
			for _, item := range s.items(relation.key) {
				name, _ := item.data.(string)
				names := []string{name}
				if g := d.groups[name]; g != nil {
					names = g.members
				}
				for _, name := range names {
					if on := byName[name]; on != nil && on != s && on.spec.Scheduled() {
						r.wrong(item, fmt.Sprintf("%s runs by a schedule, so nothing can wait for it", name), "remove it from "+relation.key+"; for a run at the start too, add a oneshot with the same command")
						break
					}
				}
			}
		}
	}
}
